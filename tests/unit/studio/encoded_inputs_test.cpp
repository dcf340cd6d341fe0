#include "studio/models/encoded_inputs.h"

#include <string>

#include <gtest/gtest.h>

namespace ams {
namespace {

// Counts what it is asked for.
class CountingCodec : public LatentCodec {
 public:
  int64_t latent_channels() const override { return 1; }
  int64_t hop_samples() const override { return 1; }
  int64_t sample_rate() const override { return 48000; }
  int64_t audio_channels() const override { return 1; }
  FloatArray decode(const FloatArray& latents, const TileOptions&) override { return latents; }
  LatentPosterior encode(const FloatArray& audio, const TileOptions&) override {
    ++encodings;
    return {audio, audio};
  }

  int encodings = 0;
};

class CountingTokenizer : public CodeTokenizer {
 public:
  int64_t frames_per_code() const override { return 1; }
  int64_t num_codes() const override { return 10; }
  std::vector<int32_t> encode(const FloatArray& latents) override {
    ++encodings;
    return {static_cast<int32_t>(latents.data.front())};
  }
  FloatArray decode(std::span<const int32_t>) override { return {}; }

  int encodings = 0;
};

FloatArray audio_of(float value, int64_t samples = 4) {
  return FloatArray({1, 1, samples}, std::vector<float>(static_cast<size_t>(samples), value));
}

TEST(EncodedInputs, same_audio_is_encoded_once) {
  EncodedInputs inputs(1 << 20);
  CountingCodec codec;
  CachingCodec caching(codec, inputs, "vae");
  const LatentPosterior first = caching.encode(audio_of(0.5f), {});
  const LatentPosterior second = caching.encode(audio_of(0.5f), {});
  EXPECT_EQ(codec.encodings, 1);
  EXPECT_EQ(inputs.hits(), 1);
  EXPECT_EQ(first.mean, second.mean);
}

TEST(EncodedInputs, same_latents_are_tokenized_once) {
  EncodedInputs inputs(1 << 20);
  CountingTokenizer tokenizer;
  CachingTokenizer caching(tokenizer, inputs, "fsq");
  EXPECT_EQ(caching.encode(audio_of(7.0f)), caching.encode(audio_of(7.0f)));
  EXPECT_EQ(tokenizer.encodings, 1);
}

TEST(EncodedInputs, other_audio_shapes_and_models_are_told_apart) {
  EncodedInputs inputs(1 << 20);
  CountingCodec codec;
  CachingCodec caching(codec, inputs, "vae");
  CachingCodec other(codec, inputs, "vae f32");
  caching.encode(audio_of(0.5f), {});
  caching.encode(audio_of(0.25f), {});
  caching.encode(FloatArray({1, 2, 2}, std::vector<float>(4, 0.5f)), {});
  other.encode(audio_of(0.5f), {});
  EXPECT_EQ(codec.encodings, 4);
  EXPECT_EQ(inputs.hits(), 0);
}

TEST(EncodedInputs, least_recently_used_goes_first) {
  // Each value takes 2 x 400 bytes and its key.
  EncodedInputs inputs(2200);
  CountingCodec codec;
  CachingCodec caching(codec, inputs, "vae");
  caching.encode(audio_of(1.0f, 100), {});
  caching.encode(audio_of(2.0f, 100), {});
  caching.encode(audio_of(1.0f, 100), {});  // now 2 is the older one
  caching.encode(audio_of(3.0f, 100), {});
  EXPECT_LE(inputs.bytes(), 2200u);
  caching.encode(audio_of(1.0f, 100), {});
  EXPECT_EQ(codec.encodings, 3);
  caching.encode(audio_of(2.0f, 100), {});
  EXPECT_EQ(codec.encodings, 4);
}

TEST(EncodedInputs, what_exceeds_the_bound_is_not_kept) {
  EncodedInputs inputs(100);
  CountingCodec codec;
  CachingCodec caching(codec, inputs, "vae");
  caching.encode(audio_of(1.0f, 100), {});
  EXPECT_EQ(inputs.bytes(), 0u);
}

}  // namespace
}  // namespace ams
