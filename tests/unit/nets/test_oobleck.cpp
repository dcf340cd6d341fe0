// The Oobleck autoencoder against the reference's values and against itself in other tilings.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/str.h"
#include "nets/oobleck.h"
#include "nets/oobleck_official.h"
#include "nets/oobleck_tiles.h"
#include "tensor/weight_file.h"
#include "unit/nets/random_oobleck.h"

namespace ams {
namespace {

const std::filesystem::path kGolden = AMS_TEST_GOLDEN_DIR;

struct LoadedNet {
  std::unique_ptr<Device> device;
  WeightStore store;
  std::unique_ptr<Oobleck> net;
};

std::unique_ptr<Device> open_cpu(bool own_kernels, int threads = 1) {
  DeviceOptions options;
  options.name = "cpu";
  options.threads = threads;
  options.own_kernels = own_kernels;
  return Device::open(options);
}

std::unique_ptr<LoadedNet> open_net(const OobleckConfig& config,
                                    const WeightFile& weights,
                                    bool own_kernels,
                                    Precision precision,
                                    int threads = 1) {
  auto setup = std::make_unique<LoadedNet>();
  setup->device = open_cpu(own_kernels, threads);
  setup->net = std::make_unique<Oobleck>(setup->store.root(), config, *setup->device, precision);
  setup->store.load(weights, *setup->device, precision);
  return setup;
}

double relative_error(const FloatArray& actual, const FloatArray& expected) {
  if (actual.shape != expected.shape) return INFINITY;
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < actual.data.size(); ++i) {
    const double d = static_cast<double>(actual.data[i]) - expected.data[i];
    difference += d * d;
    size += static_cast<double>(expected.data[i]) * expected.data[i];
  }
  return std::sqrt(difference / size);
}

// Cases of the golden data, with the reference's values. The parameter: our kernels or ggml's.
class OobleckGolden : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kGolden / "vae")) GTEST_SKIP() << "no golden data in " << kGolden;
    const std::filesystem::path folder = kGolden / "checkpoints" / "vae";
    setup_.device = open_cpu(GetParam());
    setup_.net = std::make_unique<Oobleck>(
        setup_.store.root(), OobleckConfig::load(folder), *setup_.device, Precision::F32);
    setup_.store.load(*open_weights(folder), *setup_.device, Precision::F32);
  }

  void open_case(const std::string& name) {
    case_ = open_weights(kGolden / "vae" / (name + ".safetensors"));
  }

  FloatArray value(const std::string& name) const {
    const StoredTensor* stored = case_->find(name);
    EXPECT_NE(stored, nullptr) << name;
    return FloatArray(stored->shape, to_float(*stored));
  }

  // Compares taps with the stored values, which are the first positions of each.
  void check_taps() {
    setup_.net->observe([this](std::string_view name, const FloatArray& tap) {
      const StoredTensor* stored = case_->find(str("mid.", name));
      if (!stored || stored->shape[0] != 1) return;
      FloatArray first({stored->shape});
      for (int64_t c = 0; c < first.dim(1); ++c) {
        std::copy_n(tap.row(c).begin(), first.dim(2), first.data.begin() + c * first.dim(2));
      }
      EXPECT_LT(relative_error(first, value(stored->name)), 1e-5) << name;
      ++taps_;
    });
  }

  Oobleck& net() { return *setup_.net; }

  LoadedNet setup_;
  std::shared_ptr<const WeightFile> case_;
  int taps_ = 0;
};

constexpr double kTolerance = 1e-5;  // relative L2 of fp32 against fp32

TEST_P(OobleckGolden, decode_equals_the_reference) {
  open_case("decode");
  check_taps();
  EXPECT_LT(relative_error(net().decode(value("in.latents"), {}), value("out.audio")), kTolerance);
  EXPECT_EQ(taps_, 6);
}

TEST_P(OobleckGolden, decode_of_a_batch_equals_the_reference) {
  open_case("decode_batch");
  EXPECT_LT(relative_error(net().decode(value("in.latents"), {}), value("out.audio")), kTolerance);
}

TEST_P(OobleckGolden, encode_equals_the_reference) {
  open_case("encode");
  check_taps();
  const LatentPosterior posterior = net().encode(value("in.audio"), {});
  EXPECT_LT(relative_error(posterior.mean, value("out.mean")), kTolerance);
  EXPECT_LT(relative_error(posterior.std, value("out.std")), kTolerance);
  EXPECT_EQ(taps_, 6);
}

TEST_P(OobleckGolden, official_tiled_decode_equals_the_reference) {
  open_case("tiled_decode");
  const OfficialTiles tiles{.chunk = 16, .overlap = 4, .stop = {}};
  EXPECT_LT(relative_error(decode_official(net(), value("in.latents"), tiles), value("out.audio")),
            kTolerance);
}

TEST_P(OobleckGolden, official_tiled_decode_halves_the_overlap) {
  open_case("tiled_decode_shrunk_overlap");
  const OfficialTiles tiles{.chunk = 12, .overlap = 64, .stop = {}};
  EXPECT_LT(relative_error(decode_official(net(), value("in.latents"), tiles), value("out.audio")),
            kTolerance);
}

TEST_P(OobleckGolden, official_tiled_encode_draws_per_window) {
  open_case("tiled_encode");
  const FloatArray draws = value("in.noise");  // [windows, B, C, most frames]
  const auto crop = [&](int64_t index, int64_t frames) {
    FloatArray result({draws.dim(1), draws.dim(2), frames});
    for (int64_t row = 0; row < draws.dim(1) * draws.dim(2); ++row) {
      const int64_t from = (index * draws.dim(1) * draws.dim(2) + row) * draws.dim(3);
      std::copy_n(draws.data.begin() + from, frames, result.data.begin() + row * frames);
    }
    return result;
  };
  const OfficialTiles tiles{.chunk = 15360, .overlap = 3840, .stop = {}};
  EXPECT_LT(
      relative_error(encode_official(net(), value("in.audio"), tiles, crop), value("out.latents")),
      kTolerance);
}

TEST_P(OobleckGolden, tiles_equal_the_whole) {
  open_case("tiled_decode");
  const FloatArray latents = value("in.latents");
  TileOptions small;
  small.tile_frames = 21;
  const FloatArray whole = net().decode(latents, {});
  EXPECT_LT(relative_error(net().decode(latents, small), whole), GetParam() ? 1e-12 : 1e-6);
  const FloatArray audio({1, 2, 40001},
                         std::vector<float>(whole.data.begin(), whole.data.begin() + 80002));
  const LatentPosterior posterior = net().encode(audio, {});
  const LatentPosterior tiled = net().encode(audio, small);
  EXPECT_LT(relative_error(tiled.mean, posterior.mean), GetParam() ? 1e-12 : 1e-6);
  EXPECT_LT(relative_error(tiled.std, posterior.std), GetParam() ? 1e-12 : 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Kernels, OobleckGolden, testing::Bool(), [](const auto& kind) {
  return kind.param ? "own" : "ggml";
});

// Odd strides, odd channel counts, mono: nothing may depend on the published sizes.
OobleckConfig odd_config() {
  OobleckConfig config;
  config.encoder_hidden_size = 10;
  config.downsampling_ratios = {3, 2, 5};
  config.channel_multiples = {1, 3, 7};
  config.decoder_channels = 9;
  config.decoder_input_channels = 5;
  config.audio_channels = 1;
  return config;
}

TEST(Oobleck, both_variants_agree_for_odd_sizes) {
  const OobleckConfig config = odd_config();
  const RandomOobleck checkpoint(config);
  const auto own = open_net(config, checkpoint, /*own_kernels=*/true, Precision::F32);
  const auto ggml = open_net(config, checkpoint, /*own_kernels=*/false, Precision::F32);
  const auto half = open_net(config, checkpoint, /*own_kernels=*/false, Precision::BF16);
  const FloatArray latents = noise({2, 5, 23});
  const FloatArray audio = own->net->decode(latents, {});
  EXPECT_EQ(audio.dim(1), 1);
  EXPECT_LE(std::abs(audio.dim(2) - 23 * 30), 30);
  EXPECT_LT(relative_error(ggml->net->decode(latents, {}), audio), 1e-5);
  EXPECT_LT(relative_error(half->net->decode(latents, {}), audio), 2e-2);
  const LatentPosterior posterior = own->net->encode(audio, {});
  EXPECT_LT(relative_error(ggml->net->encode(audio, {}).mean, posterior.mean), 1e-5);
  EXPECT_LT(relative_error(half->net->encode(audio, {}).mean, posterior.mean), 2e-2);
}

std::unique_ptr<LoadedNet> odd_net(int threads = 1) {
  const OobleckConfig config = odd_config();
  return open_net(config, RandomOobleck(config), /*own_kernels=*/true, Precision::F32, threads);
}

TEST(Oobleck, tiles_of_any_size_equal_the_whole) {
  const auto setup = odd_net();
  const FloatArray latents = noise({1, 5, 97});
  const FloatArray whole = setup->net->decode(latents, {});
  const LatentPosterior posterior = setup->net->encode(whole, {});
  for (const int64_t tile : {1, 30, 45, 96}) {
    TileOptions options;
    options.tile_frames = tile;
    EXPECT_EQ(setup->net->decode(latents, options), whole) << tile;
    const LatentPosterior tiled = setup->net->encode(whole, options);
    EXPECT_EQ(tiled.mean, posterior.mean) << tile;
    EXPECT_EQ(tiled.std, posterior.std) << tile;
  }
}

TEST(Oobleck, small_memories_give_the_same_bytes) {
  const auto setup = odd_net();
  const FloatArray latents = noise({1, 5, 120});
  const FloatArray whole = setup->net->decode(latents, {});
  const LatentPosterior posterior = setup->net->encode(whole, {});
  for (const int64_t bytes : {100, 20'000, 60'000}) {
    OobleckMemory memory;
    memory.window_bytes = bytes;
    memory.segment_bytes = bytes;
    setup->net->limit_memory(memory);
    const OobleckTilePlan plan = plan_decoding(*setup->net, {});
    EXPECT_LT(plan.segment_frames, 40);
    EXPECT_LT(plan.window_frames, 120);
    EXPECT_EQ(setup->net->decode(latents, {}), whole) << bytes;
    EXPECT_EQ(setup->net->encode(whole, {}).mean, posterior.mean) << bytes;
  }
}

TEST(Oobleck, too_small_an_overlap_is_seen) {
  const auto setup = odd_net();
  const FloatArray latents = noise({1, 5, 97});
  TileOptions options;
  options.tile_frames = 40;
  options.overlap_frames = 1;
  const FloatArray tiled = setup->net->decode(latents, options);
  EXPECT_EQ(tiled.shape, setup->net->decode(latents, {}).shape);
  EXPECT_NE(tiled, setup->net->decode(latents, {}));
}

TEST(Oobleck, threads_and_runs_give_the_same_bytes) {
  const auto one = odd_net(/*threads=*/1);
  const auto two = odd_net(/*threads=*/2);
  const FloatArray latents = noise({1, 5, 60});
  const FloatArray audio = one->net->decode(latents, {});
  EXPECT_EQ(two->net->decode(latents, {}), audio);
  EXPECT_EQ(two->net->decode(latents, {}), audio);
}

TEST(Oobleck, reports_progress_and_stops_between_tiles) {
  const auto setup = odd_net();
  TileOptions options;
  options.tile_frames = 40;
  std::stop_source stop;
  options.stop = stop.get_token();
  std::vector<int64_t> seen;
  options.progress = [&](int64_t done, int64_t total) {
    seen.push_back(done);
    EXPECT_GT(total, 2);
    if (done == 2) stop.request_stop();
  };
  try {
    setup->net->decode(noise({1, 5, 120}), options);
    FAIL() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Cancelled);
  }
  EXPECT_THAT(seen, testing::ElementsAre(1, 2));
}

TEST(Oobleck, refuses_inputs_of_another_shape) {
  const auto setup = odd_net();
  EXPECT_THROW(setup->net->decode(FloatArray({1, 4, 10}), {}), Error);
  EXPECT_THROW(setup->net->decode(FloatArray({5, 10}), {}), Error);
  EXPECT_THROW(setup->net->decode(FloatArray({1, 5, 0}), {}), Error);
  EXPECT_THROW(setup->net->encode(FloatArray({1, 2, 100}), {}), Error);
  EXPECT_THROW(setup->net->encode(FloatArray({1, 1, 3}), {}), Error);
  EXPECT_THROW(decode_official(*setup->net, FloatArray({1, 5, 50}), {8, 4, {}}), Error);
}

TEST(Oobleck, claims_the_published_tensors) {
  WeightStore store;
  const auto device = open_cpu(/*own_kernels=*/false);
  const Oobleck net(store.root(), OobleckConfig{}, *device, Precision::BF16);
  constexpr size_t kStored = 365, kConvolutions = 74;
  EXPECT_EQ(store.weights().size(), kStored - kConvolutions);  // weight_g and weight_v become one
  EXPECT_EQ(net.hop_samples(), 1920);
}

// Interior windows of the published decoder need 9 frames on each side.
TEST(Oobleck, receptive_field_comes_from_the_convolutions) {
  WeightStore store;
  const auto device = open_cpu(/*own_kernels=*/true);
  const Oobleck net(store.root(), OobleckConfig{}, *device, Precision::F32);
  const std::vector<OobleckTile> tiles = decoding_tiles(net, {}, 100, 1000);
  ASSERT_GT(tiles.size(), 2u);
  EXPECT_EQ(tiles[1].output.begin / 1920 - tiles[1].input.begin, 9);
  EXPECT_EQ(tiles[1].input.end - tiles[1].output.end / 1920, 9);
  const std::vector<OobleckTile> windows = encoding_tiles(net, {}, 100, 1000 * 1920 + 77);
  EXPECT_EQ(windows[1].input.begin % 1920, 0);
  EXPECT_EQ(windows[1].output.begin - windows[1].input.begin / 1920, 7);
  EXPECT_EQ(windows.back().input.end, 1000 * 1920 + 77);
  EXPECT_EQ(windows.back().output.end, 1000);
}

TEST(OobleckConfig, refuses_hostile_values) {
  const char* const bad[] = {
      "[]",
      R"({"encoder_hidden_size": 0})",
      R"({"encoder_hidden_size": "128"})",
      R"({"encoder_hidden_size": 100})",
      R"({"decoder_channels": 99999999999})",
      R"({"downsampling_ratios": []})",
      R"({"downsampling_ratios": [2, 4, 4, 6]})",
      R"({"downsampling_ratios": [2, 4, 4, 6, 0]})",
      R"({"downsampling_ratios": [64, 64, 64, 64, 64]})",
      R"({"channel_multiples": [1, 2, 4, 8, 1.5]})",
      R"({"channel_multiples": [1, 2, 4, 8, 257]})",
      R"({"decoder_channels": 8192, "channel_multiples": [1, 2, 4, 8, 16]})",
      R"({"audio_channels": -1})",
      R"({"sampling_rate": 0})",
  };
  for (const char* text : bad) {
    try {
      OobleckConfig::parse(Json::parse(text, "test"));
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::CorruptFile) << text;
    }
  }
  EXPECT_EQ(OobleckConfig::parse(Json::parse("{}", "test")).hop_samples(), 1920);
}

}  // namespace
}  // namespace ams
