// What HtdemucsConfig and HtdemucsSeparator::load accept.
#include <filesystem>

#include <gtest/gtest.h>

#include "nets/htdemucs_separator.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

const std::filesystem::path kGolden = AMS_TEST_GOLDEN_DIR;

constexpr const char* kTinyKwargs =
    R"({"sources":["drums","bass","other","vocals"],"segment":1,"channels":8,"dconv_comp":4,)"
    R"("dconv_mode":3,"bottom_channels":32,"multi_freqs":[],"channels_time":null})";

Json kwargs_with(std::string_view name, const Json& value) {
  Json kwargs = Json::parse(kTinyKwargs, "test");
  kwargs.set(name, value);
  return kwargs;
}

std::string sidecar(const std::string& kwargs) { return "{\"kwargs\":" + kwargs + "}"; }

FloatArray short_mix() { return {{2, 3000}, formula_signal("song", 3000)}; }

TEST(HtdemucsConfig, segment_is_exact_for_fractions_and_numbers) {
  Json fraction = Json::object();
  fraction.set("numerator", 39);
  fraction.set("denominator", 5);
  EXPECT_EQ(HtdemucsConfig::parse(kwargs_with("segment", fraction)).segment_samples, 343980);
  EXPECT_EQ(HtdemucsConfig::parse(kwargs_with("segment", 0.78)).segment_samples, 34398);
}

TEST(HtdemucsConfig, sizes_of_the_published_network) {
  HtdemucsConfig config;
  config.segment_samples = 343980;
  EXPECT_EQ(config.frames(), 336);
  EXPECT_EQ(config.layer_samples(1), 85995);
  EXPECT_EQ(config.layer_samples(4), 1344);
  EXPECT_EQ(config.layer_bins(4), 8);
  EXPECT_EQ(config.layer_channels(3), 384);
}

TEST(HtdemucsConfig, other_variants_of_the_class_are_refused) {
  expect_error(
      ErrorCode::Unsupported, "'cac'", [] { HtdemucsConfig::parse(kwargs_with("cac", false)); });
  expect_error(ErrorCode::Unsupported, "'norm_starts'", [] {
    HtdemucsConfig::parse(kwargs_with("norm_starts", 2));
  });
  expect_error(ErrorCode::Unsupported, "'t_emb'", [] {
    HtdemucsConfig::parse(kwargs_with("t_emb", "cape"));
  });
  expect_error(ErrorCode::Unsupported, "'channels_time'", [] {
    HtdemucsConfig::parse(kwargs_with("channels_time", 24));
  });
  expect_error(ErrorCode::Unsupported, "frequency rows", [] {
    Json kwargs = kwargs_with("depth", 6);
    kwargs.set("norm_starts", 6);
    HtdemucsConfig::parse(kwargs);
  });
}

TEST(HtdemucsConfig, values_out_of_range_are_refused) {
  expect_error(ErrorCode::CorruptFile, "'channels' is 1000000", [] {
    HtdemucsConfig::parse(kwargs_with("channels", 1000000));
  });
  expect_error(
      ErrorCode::CorruptFile, "'nfft'", [] { HtdemucsConfig::parse(kwargs_with("nfft", 5000)); });
  expect_error(ErrorCode::CorruptFile, "'segment'", [] {
    HtdemucsConfig::parse(kwargs_with("segment", 1e9));
  });
  expect_error(ErrorCode::CorruptFile, "'t_heads'", [] {
    HtdemucsConfig::parse(kwargs_with("t_heads", 5));
  });
  expect_error(ErrorCode::CorruptFile, "'sources'", [] {
    HtdemucsConfig::parse(kwargs_with("sources", Json::array()));
  });
}

TEST(HtdemucsFiles, prefixed_safetensors_with_sidecar_loads) {
  const auto device = Device::open({"cpu", 1});
  const TemporaryFolder folder;
  const HtdemucsConfig config = tiny_htdemucs();
  const auto plain = folder.write("plain.safetensors", FormulaWeights(config).safetensors());
  const auto prefixed =
      folder.write("other.safetensors", FormulaWeights(config, "955717e8.").safetensors());
  // Kwargs may be an object or a text that holds one.
  folder.write("plain.json", sidecar(kTinyKwargs));
  Json text = Json::object();
  text.set("kwargs", kTinyKwargs);
  folder.write("other.json", text.dump());
  const FloatArray stems = HtdemucsSeparator::load(plain, *device)->separate(short_mix(), {});
  EXPECT_EQ(stems, HtdemucsSeparator::load(prefixed, *device)->separate(short_mix(), {}));
  EXPECT_EQ(stems.shape, (std::vector<int64_t>{4, 2, 3000}));
}

TEST(HtdemucsFiles, sizes_are_read_from_the_tensors_without_sidecar) {
  const auto device = Device::open({"cpu", 1});
  const TemporaryFolder folder;
  HtdemucsConfig config = tiny_htdemucs();
  config.dconv_comp = 8;  // as published: the kwargs are not there to tell
  const auto path = folder.write("net.safetensors", FormulaWeights(config).safetensors());
  const auto separator = HtdemucsSeparator::load(path, *device);
  EXPECT_EQ(separator->config().channels, 8);
  EXPECT_EQ(separator->config().bottom_channels, 32);
  EXPECT_EQ(separator->config().segment_samples, 343980);
  EXPECT_EQ(separator->stems().at(3), "vocals");
}

TEST(HtdemucsFiles, bag_takes_each_stem_from_its_network) {
  const auto device = Device::open({"cpu", 1});
  const TemporaryFolder folder;
  const HtdemucsConfig config = tiny_htdemucs();
  const std::string weights = FormulaWeights(config).safetensors();
  std::string louder = weights;  // another network: its last value differs
  louder[louder.size() - 1] = static_cast<char>(louder[louder.size() - 1] ^ 1);
  folder.write("aaaa0001.safetensors", weights);
  folder.write("aaaa0002.safetensors", louder);
  folder.write("kwargs.json", sidecar(kTinyKwargs));
  folder.write("bag.yaml",
               "models: ['aaaa0001', 'aaaa0002']\n"
               "weights: [\n  [1., 0., 1., 0.],\n  [0., 1., 0., 1.],\n]\n");
  const auto bag = HtdemucsSeparator::load(folder.path(), *device);
  ASSERT_EQ(bag->size(), 2u);
  const FloatArray mix = short_mix();
  const FloatArray stems = bag->apply(mix, {});
  const auto first = HtdemucsSeparator::load(folder.path() / "aaaa0001.safetensors", *device);
  const auto second = HtdemucsSeparator::load(folder.path() / "aaaa0002.safetensors", *device);
  const FloatArray of_first = first->apply(mix, {});
  const FloatArray of_second = second->apply(mix, {});
  ASSERT_NE(of_first, of_second);
  for (int64_t stem = 0; stem < 4; ++stem) {
    const auto expected = (stem % 2 == 0 ? of_first : of_second).row(stem);
    const auto actual = std::as_const(stems).row(stem);
    EXPECT_TRUE(std::equal(actual.begin(), actual.end(), expected.begin())) << stem;
  }
}

TEST(HtdemucsFiles, incomplete_bag_is_refused) {
  const auto device = Device::open({"cpu", 1});
  const TemporaryFolder folder;
  folder.write("bag.yaml", "models: ['aaaa0001']\n");
  expect_error(ErrorCode::NotFound, "lacks the network 'aaaa0001'", [&] {
    HtdemucsSeparator::load(folder.path(), *device);
  });
  folder.write("bag.yaml", "models: ['aaaa0001']\nweights: [[1, 0], [0, 1]]\n");
  expect_error(ErrorCode::CorruptFile, "2 rows of weights", [&] {
    HtdemucsSeparator::load(folder.path(), *device);
  });
}

TEST(HtdemucsFiles, other_networks_are_refused) {
  const auto device = Device::open({"cpu", 1});
  const TemporaryFolder folder;
  expect_error(ErrorCode::NotFound, "no .th or .safetensors", [&] {
    HtdemucsSeparator::load(folder.path(), *device);
  });
  const auto empty = folder.write("net.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  EXPECT_THROW(HtdemucsSeparator::load(empty, *device), Error);
  const auto text = folder.write("net.th", "not a zip archive");
  EXPECT_THROW(HtdemucsSeparator::load(text, *device), Error);
}

TEST(HtdemucsFiles, package_and_safetensors_of_the_golden_network_agree) {
  const std::filesystem::path folder = kGolden / "checkpoints/htdemucs";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no golden data";
  const auto device = Device::open({"cpu", 1});
  const auto package = HtdemucsSeparator::load(folder, *device);
  const auto tensors = HtdemucsSeparator::load(folder / "htdemucs.safetensors", *device);
  EXPECT_EQ(package->config().segment_samples, 34398);
  EXPECT_EQ(package->separate(short_mix(), {}), tensors->separate(short_mix(), {}));
}

}  // namespace
}  // namespace ams
