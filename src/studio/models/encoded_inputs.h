// What networks made of audio that a later song may bring again: a second take with the same source
// skips them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "nets/code_tokenizer.h"
#include "nets/latent_codec.h"

namespace ams {

// Latents and codes by the SHA-256 of their input and the identity of the network. Bounded: what
// was not used for the longest time goes first. Confined to the worker thread.
class EncodedInputs {
 public:
  struct Value {
    LatentPosterior posterior;   // of audio
    std::vector<int32_t> codes;  // of latents
  };

  explicit EncodedInputs(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Name of `input` for the network `model`.
  static std::string key(const std::string& model, const FloatArray& input);

  // Null if there is none; valid until the next put().
  const Value* find(const std::string& key);
  // A value larger than the bound is not kept.
  void put(const std::string& key, Value value);

  int64_t hits() const { return hits_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    Value value;
    size_t bytes;
  };

  size_t max_bytes_;
  size_t bytes_ = 0;
  int64_t hits_ = 0;
  std::list<Entry> entries_;  // the one used last comes first
};

// The codec, but audio that was encoded before is not encoded again. Borrows both for its life.
class CachingCodec : public LatentCodec {
 public:
  // `model` tells apart codecs and precisions whose latents differ.
  CachingCodec(LatentCodec& codec, EncodedInputs& inputs, std::string model);

  int64_t latent_channels() const override { return codec_.latent_channels(); }
  int64_t hop_samples() const override { return codec_.hop_samples(); }
  int64_t sample_rate() const override { return codec_.sample_rate(); }
  int64_t audio_channels() const override { return codec_.audio_channels(); }
  FloatArray decode(const FloatArray& latents, const TileOptions& options) override;
  LatentPosterior encode(const FloatArray& audio, const TileOptions& options) override;

 private:
  LatentCodec& codec_;
  EncodedInputs& inputs_;
  std::string model_;
};

// The code tokenizer, likewise.
class CachingTokenizer : public CodeTokenizer {
 public:
  CachingTokenizer(CodeTokenizer& tokenizer, EncodedInputs& inputs, std::string model);

  int64_t frames_per_code() const override { return tokenizer_.frames_per_code(); }
  int64_t num_codes() const override { return tokenizer_.num_codes(); }
  std::vector<int32_t> encode(const FloatArray& latents) override;
  FloatArray decode(std::span<const int32_t> codes) override { return tokenizer_.decode(codes); }

 private:
  CodeTokenizer& tokenizer_;
  EncodedInputs& inputs_;
  std::string model_;
};

}  // namespace ams
