// HTDemucs against figures of the reference for weights made by a formula (no files needed).
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "nets/htdemucs.h"
#include "nets/htdemucs_separator.h"
#include "support/expect_error.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

// Root mean square and the elements at 1/7, 3/7 and 5/7 of a tensor in the reference's layout.
struct Figures {
  const char* name;
  double rms;
  double probes[3];
};

constexpr Figures kTiny[] = {
    {"cac", 0.07499087, {-0.005377349, -0.01384518, -0.02618802}},
    {"tencoder_0", 0.3880776, {-0.04222539, 0.05990469, 0.1028044}},
    {"encoder_0", 0.5276927, {0.4867495, -0.279141, -0.4310422}},
    {"tencoder_1", 0.2078112, {0.03331734, 0.2465532, 0.000161949}},
    {"encoder_1", 0.3657314, {-0.1766288, -0.04835456, 0.04854748}},
    {"tencoder_2", 0.2463765, {-0.05510759, 0.05805796, -0.08489204}},
    {"encoder_2", 0.2150026, {-0.07698561, 0.04291723, 0.09384742}},
    {"tencoder_3", 0.1964552, {0.3286876, 0.108682, 0.1110571}},
    {"encoder_3", 0.2122807, {-0.1244675, -0.7277479, -0.1255106}},
    {"t_layer_0", 1.006458, {0.8455592, 0.5297455, 0.341638}},
    {"t_layer_t_0", 1.084603, {-0.3065597, 1.280793, -1.705289}},
    {"t_layer_1", 1.018421, {0.2912896, 0.7362334, 0.3534212}},
    {"t_layer_t_1", 0.9721626, {-0.2603832, 0.9181247, -1.398875}},
    {"t_layer_4", 1.05994, {0.5108532, 0.9797896, 0.8771}},
    {"t_layer_t_4", 0.9594135, {-0.3951667, 1.092693, -1.074025}},
    {"decoder_0", 0.3833453, {-0.1618423, 0.0853984, 0.1918884}},
    {"tdecoder_0", 0.4289986, {-0.1696355, 0.1459267, 0.0002307996}},
    {"decoder_1", 0.290606, {0.09008707, 0.4965271, -0.09199774}},
    {"tdecoder_1", 0.3418097, {0.03596396, 0.1610822, -0.03784539}},
    {"decoder_2", 0.2682812, {0.5768353, 0.8400342, 0.08392661}},
    {"tdecoder_2", 0.2893992, {0.5442246, 0.2618548, 1.244166}},
    {"decoder_3", 0.5299041, {0.6446338, -0.09475661, 0.07928281}},
    {"tdecoder_3", 0.5760198, {0.1407156, -0.4107343, 0.4911627}},
    {"out", 0.1105732, {-0.05339398, -0.06034788, 0.08673957}},
};

// The network with six stems and without a bottleneck.
constexpr Figures kTiny6[] = {
    {"encoder_3", 0.2122807, {-0.1244675, -0.7277479, -0.1255106}},
    {"t_layer_4", 0.9938173, {0.3495749, 0.01367833, 1.34373}},
    {"t_layer_t_4", 0.9882501, {0.7314076, 1.119919, -0.4541959}},
    {"decoder_3", 0.5090682, {-0.1008248, -0.2453125, -1.196486}},
    {"tdecoder_3", 0.5320194, {-0.01900268, 0.2608436, -0.06875536}},
    {"out", 0.101838, {0.02115454, -0.07842276, 0.004622766}},
};

void expect_figures(const Figures& expected, const FloatArray& actual) {
  double squares = 0.0;
  for (const float value : actual.data) squares += static_cast<double>(value) * value;
  const double rms = std::sqrt(squares / static_cast<double>(actual.size()));
  EXPECT_NEAR(rms, expected.rms, 1e-5 * expected.rms) << expected.name;
  for (int i = 0; i < 3; ++i) {
    const auto index = static_cast<size_t>(actual.size() * (2 * i + 1) / 7);
    EXPECT_NEAR(actual.data[index], expected.probes[i], 2e-5 * std::max(1.0, expected.rms))
        << expected.name << " probe " << i;
  }
}

void expect_segment(const HtdemucsConfig& config,
                    bool own_kernels,
                    std::span<const Figures> expected) {
  const auto device = Device::open({"cpu", 1, own_kernels});
  Htdemucs network(config, *device);
  network.store().load(FormulaWeights(config), *device, Precision::F32);
  std::map<std::string, FloatArray> values;
  network.observe(
      [&](std::string_view name, const FloatArray& value) { values[std::string(name)] = value; });
  const int64_t samples = config.segment_samples;
  values["out"] = network.separate_segment({{2, samples}, formula_signal("input", samples)});
  for (const Figures& row : expected) {
    ASSERT_TRUE(values.contains(row.name)) << row.name;
    expect_figures(row, values[row.name]);
  }
}

HtdemucsConfig tiny_with_six_stems() {
  HtdemucsConfig config = tiny_htdemucs();
  config.sources = {"drums", "bass", "other", "vocals", "guitar", "piano"};
  config.bottom_channels = 0;
  return config;
}

std::unique_ptr<HtdemucsSeparator> tiny_separator(const Device& device) {
  const HtdemucsConfig config = tiny_htdemucs();
  std::vector<HtdemucsSeparator::Member> members(1);
  members[0].network = std::make_unique<Htdemucs>(config, device);
  members[0].network->store().load(FormulaWeights(config), device, Precision::F32);
  members[0].shares.assign(4, 1.0f);
  return std::make_unique<HtdemucsSeparator>(std::move(members));
}

class HtdemucsSong : public ::testing::Test {
 protected:
  std::unique_ptr<Device> device_ = Device::open({"cpu", 1});
  std::unique_ptr<HtdemucsSeparator> separator_ = tiny_separator(*device_);
};

TEST(Htdemucs, every_stage_equals_the_reference) {
  expect_segment(tiny_htdemucs(), /*own_kernels=*/true, kTiny);
}

TEST(Htdemucs, ggml_operations_equal_the_reference) {
  expect_segment(tiny_htdemucs(), /*own_kernels=*/false, kTiny);
}

TEST(Htdemucs, six_stems_without_bottleneck_equal_the_reference) {
  expect_segment(tiny_with_six_stems(), /*own_kernels=*/true, kTiny6);
}

TEST(Htdemucs, tensors_of_the_published_networks_are_declared) {
  const auto device = Device::open({"cpu", 1});
  HtdemucsConfig config = tiny_htdemucs();
  EXPECT_EQ(FormulaWeights(config).tensors().size(), 533u);
  EXPECT_EQ(FormulaWeights(tiny_with_six_stems()).tensors().size(), 525u);
}

TEST(Htdemucs, tensors_of_another_network_are_refused) {
  const auto device = Device::open({"cpu", 1});
  const HtdemucsConfig six = tiny_with_six_stems();
  Htdemucs network(tiny_htdemucs(), *device);
  expect_error(ErrorCode::CorruptFile, "do not fit its configuration", [&] {
    network.store().load(FormulaWeights(six), *device, Precision::F32);
  });
}

TEST_F(HtdemucsSong, overlapping_segments_equal_the_reference) {
  const FloatArray mix({2, 100000}, formula_signal("song", 100000));
  expect_figures({"raw", 0.1076409, {-0.02753861, 0.09235317, -0.03744426}},
                 separator_->apply(mix, {}));
  expect_figures({"normalised", 0.1076434, {-0.02765569, 0.09247173, -0.03744919}},
                 separator_->separate(mix, {}));
}

TEST_F(HtdemucsSong, length_is_kept_around_the_segment_size) {
  for (const int64_t samples : {1, 33075, 44101}) {
    const FloatArray stems =
        separator_->separate({{2, samples}, formula_signal("song", samples)}, {});
    EXPECT_EQ(stems.shape, (std::vector<int64_t>{4, 2, samples}));
    for (const float value : stems.data) ASSERT_TRUE(std::isfinite(value)) << samples;
  }
}

TEST_F(HtdemucsSong, silence_gives_silence) {
  const FloatArray stems = separator_->separate(FloatArray({2, 50000}), {});
  for (const float value : stems.data) ASSERT_EQ(value, 0.0f);
}

TEST_F(HtdemucsSong, progress_counts_every_segment) {
  std::vector<int64_t> done;
  SeparateOptions options;
  options.progress = [&](int64_t finished, int64_t total) {
    EXPECT_EQ(total, 3);
    done.push_back(finished);
  };
  separator_->separate({{2, 70000}, formula_signal("song", 70000)}, options);
  EXPECT_EQ(done, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(HtdemucsSong, stops_between_segments) {
  std::stop_source source;
  SeparateOptions options;
  options.stop = source.get_token();
  int64_t finished = 0;
  options.progress = [&](int64_t done, int64_t) {
    finished = done;
    source.request_stop();
  };
  expect_error(ErrorCode::Cancelled, "after 1 of 3 segments", [&] {
    separator_->separate({{2, 70000}, formula_signal("song", 70000)}, options);
  });
  EXPECT_EQ(finished, 1);
}

TEST_F(HtdemucsSong, wrong_mixes_are_refused) {
  expect_error(ErrorCode::InvalidRequest, "expected [2, samples]", [&] {
    separator_->separate(FloatArray({1, 100}), {});
  });
  expect_error(ErrorCode::InvalidRequest, "expected [2, samples]", [&] {
    separator_->separate(FloatArray({2, 0}), {});
  });
  FloatArray broken({2, 100});
  broken.data[107] = std::nanf("");
  expect_error(ErrorCode::InvalidRequest, "sample 7", [&] { separator_->separate(broken, {}); });
  SeparateOptions options;
  options.overlap = 0.95;
  expect_error(ErrorCode::InvalidRequest, "overlap", [&] {
    separator_->separate(FloatArray({2, 100}), options);
  });
}

TEST_F(HtdemucsSong, segment_longer_than_the_network_is_refused) {
  expect_error(ErrorCode::InvalidRequest, "1 to 44100", [&] {
    separator_->network(0).separate_segment(FloatArray({2, 44101}));
  });
}

}  // namespace
}  // namespace ams
