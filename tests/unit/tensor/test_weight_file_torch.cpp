#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "support/expect_error.h"
#include "support/zip_writer.h"
#include "tensor/pickle.h"
#include "tensor/torch_archive.h"
#include "unit/tensor/pickle_writer.h"

namespace ams {
namespace {

using ::testing::ElementsAre;

const std::filesystem::path kCheckpoints =
    std::filesystem::path(AMS_TEST_GOLDEN_DIR) / "checkpoints";

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

const std::string kSix = floats({0, 1, 2, 3, 4, 5});

TorchArchive parse(const PickleWriter& pickle, const std::string& storage = kSix) {
  return parse_torch_archive(
      make_zip({{"a/data.pkl", pickle.text()}, {"a/byteorder", "little"}, {"a/data/0", storage}}),
      "test.pt");
}

void expect_corrupt(const std::string& message, const PickleWriter& pickle) {
  expect_error(ErrorCode::CorruptFile, message, [&] { parse(pickle); });
}

void expect_unsupported(const std::string& message, const PickleWriter& pickle) {
  expect_error(ErrorCode::Unsupported, message, [&] { parse(pickle); });
}

PickleWriter tensor_pickle(const PickleWriter::Tensor& tensor) {
  return PickleWriter().tensor(tensor);
}

const PickleWriter::Tensor kMatrix{.elements = 6, .shape = {2, 3}, .stride = {3, 1}};

TEST(TorchArchive, bare_tensor_is_named_tensor) {
  const TorchArchive archive = parse(tensor_pickle(kMatrix));
  ASSERT_EQ(archive.tensors->tensors().size(), 1u);
  const StoredTensor* tensor = archive.tensors->find("tensor");
  ASSERT_NE(tensor, nullptr);
  EXPECT_THAT(tensor->shape, ElementsAre(2, 3));
  EXPECT_THAT(to_float(*tensor), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_TRUE(archive.root.is_null());
}

TEST(TorchArchive, transposed_view_becomes_contiguous) {
  const auto archive = parse(tensor_pickle({.elements = 6, .shape = {3, 2}, .stride = {1, 3}}));
  EXPECT_THAT(to_float(archive.tensors->tensors()[0]), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(TorchArchive, offset_and_step_select_elements) {
  const auto archive =
      parse(tensor_pickle({.elements = 6, .offset = 1, .shape = {2}, .stride = {3}}));
  EXPECT_THAT(to_float(archive.tensors->tensors()[0]), ElementsAre(1, 4));
}

TEST(TorchArchive, scalar_and_empty_tensors_are_read) {
  const auto scalar = parse(tensor_pickle({.elements = 6, .offset = 5}));
  EXPECT_THAT(to_float(scalar.tensors->tensors()[0]), ElementsAre(5));
  const auto empty = parse(tensor_pickle({.elements = 6, .shape = {0, 3}, .stride = {3, 1}}));
  EXPECT_TRUE(empty.tensors->tensors()[0].bytes.empty());
}

TEST(TorchArchive, state_and_values_are_told_apart) {
  PickleWriter pickle;
  pickle.raw("}(").string("klass").global("demucs.htdemucs", "HTDemucs");
  pickle.string("args").raw(")").string("segment").global("fractions", "Fraction");
  pickle.integers({39, 5}).raw("R").string("state").raw("}").string("w").tensor(kMatrix).raw("s");
  pickle.string("list").raw("](").integer(-7).raw("\x88Ne");
  pickle.raw("u");
  const TorchArchive archive = parse(pickle);
  ASSERT_NE(archive.tensors->find("w"), nullptr);
  EXPECT_EQ(archive.root,
            Json::parse(R"({"klass": "demucs.htdemucs.HTDemucs", "args": [], "state": {},
                            "segment": {"_type": "fraction", "numerator": 39, "denominator": 5},
                            "list": [-7, true, null]})",
                        "expected"));
}

TEST(TorchArchive, state_dict_attributes_and_numpy_values_are_dropped) {
  PickleWriter pickle;
  pickle.global("collections", "OrderedDict").raw(")R").string("w").tensor(kMatrix).raw("s");
  pickle.raw("}").string("_metadata").integer(1).raw("sb");
  EXPECT_NE(parse(pickle).tensors->find("w"), nullptr);
  PickleWriter numpy;
  numpy.raw("}").string("loss").global("numpy.core.multiarray", "scalar");
  numpy.global("numpy", "dtype").string("f8").raw("\x85R)b").string("x").raw("\x86Rs");
  EXPECT_TRUE(parse(numpy).root.at("loss").is_null());
}

TEST(TorchArchive, unknown_globals_are_refused_by_name) {
  PickleWriter pickle;
  pickle.global("os", "system").string("true").raw("\x85R");
  expect_unsupported("'os.system'", pickle);
  expect_unsupported("'builtins.eval'", PickleWriter().global("builtins", "eval"));
  expect_unsupported("'torch.nn.Module'", PickleWriter().global("torch.nn", "Module"));
}

TEST(TorchArchive, model_class_is_never_built) {
  expect_unsupported("never built", PickleWriter().global("demucs.htdemucs", "HTDemucs").raw(")R"));
  expect_unsupported("never built", PickleWriter().global("torch", "FloatStorage").raw(")R"));
  expect_unsupported("sets attributes", PickleWriter().raw("}}b"));
}

TEST(TorchArchive, unknown_opcodes_are_refused) {
  expect_unsupported("opcode", PickleWriter().raw("\x93"));  // STACK_GLOBAL
  expect_unsupported("opcode", PickleWriter().raw("ios\nsystem\n"));
  expect_unsupported("opcode", PickleWriter().raw("2"));
}

TEST(TorchArchive, wrong_pickles_are_refused) {
  expect_corrupt("empty stack", PickleWriter());
  expect_corrupt("leaves values", PickleWriter().raw("NN"));
  expect_corrupt("was not opened", PickleWriter().raw("t"));
  expect_corrupt("empty stack", PickleWriter().raw("N(\x85"));
  expect_corrupt("unset memo", PickleWriter().raw("h\x05"));
  expect_corrupt("without a value", PickleWriter().raw("}(Nu"));
  expect_corrupt("another type", PickleWriter().raw("]NNs"));
  expect_corrupt("no function", PickleWriter().raw("N)R"));
  expect_corrupt("no storage", PickleWriter().raw("NQ"));
  expect_corrupt("not UTF-8", PickleWriter().string("\xFF"));
  expect_corrupt("denominator",
                 PickleWriter().global("fractions", "Fraction").integers({1, 0}).raw("R"));
  expect_corrupt("no number",
                 PickleWriter().global("fractions", "Fraction").string("1/x").raw("\x85R"));
}

TEST(TorchArchive, every_truncation_of_a_pickle_is_refused) {
  const std::string whole = tensor_pickle(kMatrix).text();
  const auto read = [](const std::string& text) {
    return read_pickle(std::as_bytes(std::span(text)), "test.pkl");
  };
  EXPECT_NO_THROW(read(whole));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(read(whole.substr(0, length)), Error) << length;
  }
}

TEST(TorchArchive, limits_hold) {
  expect_unsupported("string of", PickleWriter().raw(std::string("X\xFF\xFF\xFF\x7F", 5)));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "\x85";
  expect_unsupported("nested deeper", PickleWriter().raw(")" + deep));
  expect_unsupported("nested deeper",
                     PickleWriter().raw("]q\x01h\x01"
                                        "a"));  // holds itself
  // Each level is a tuple of the level below, eight times: 8^20 values in 400 bytes.
  PickleWriter bomb;
  bomb.raw(")q\x01");
  for (int i = 0; i < 20; ++i) bomb.raw("0(h\x01h\x01h\x01h\x01h\x01h\x01h\x01h\x01tq\x01");
  expect_unsupported("opcode", bomb);  // POP is not needed by torch.save
  PickleWriter nested;
  nested.raw("(]q").raw(std::string(1, '\0'));
  for (char level = 1; level < 20; ++level) {
    nested.raw("](");
    for (int i = 0; i < 8; ++i) nested.raw("h").raw(std::string(1, static_cast<char>(level - 1)));
    nested.raw("eq").raw(std::string(1, level));
  }
  expect_unsupported("more than", nested.raw("t"));
  const std::string other_protocol = "\x80\x04N.";
  expect_error(ErrorCode::Unsupported, "protocol 4", [&] {
    read_pickle(std::as_bytes(std::span(other_protocol)), "test.pkl");
  });
}

TEST(TorchArchive, shared_text_counts_each_time) {
  PickleWriter pickle;
  pickle.raw("(").string(std::string(1 << 20, 'x')).raw("q\x01");
  for (int i = 0; i < 100; ++i) pickle.raw("h\x01");
  expect_unsupported("bytes of text", pickle.raw("t"));
}

TEST(TorchArchive, tensors_outside_their_storage_are_refused) {
  const auto refuse = [](const PickleWriter::Tensor& tensor) {
    expect_corrupt("outside its storage", tensor_pickle(tensor));
  };
  refuse({.elements = 6, .offset = 1, .shape = {6}, .stride = {1}});
  refuse({.elements = 6, .offset = -1, .shape = {2}, .stride = {1}});
  refuse({.elements = 6, .offset = 7, .shape = {0}, .stride = {1}});
  refuse({.elements = 6, .shape = {7}, .stride = {1}});
  refuse({.elements = 6, .shape = {2, 2}, .stride = {5, 1}});
  refuse({.elements = 6, .shape = {2}, .stride = {-1}});
  refuse({.elements = 6, .shape = {2}, .stride = {1, 1}});
  refuse({.elements = 6, .shape = {-2}, .stride = {1}});
  const int32_t most = std::numeric_limits<int32_t>::max();
  refuse({.elements = 6, .shape = {most, most, most}, .stride = {0, 0, 0}});
  refuse({.elements = 6, .shape = {most, most}, .stride = {most, most}});
}

TEST(TorchArchive, repeated_storage_is_refused) {
  const int32_t most = std::numeric_limits<int32_t>::max();
  expect_unsupported("repeats",
                     tensor_pickle({.elements = 6, .shape = {most, 2}, .stride = {0, 1}}));
}

TEST(TorchArchive, storages_of_another_size_are_refused) {
  expect_error(ErrorCode::CorruptFile, "expected 6 elements", [] {
    parse(tensor_pickle(kMatrix), kSix.substr(0, 20));
  });
  PickleWriter::Tensor half = kMatrix;
  half.storage_type = "HalfStorage";
  expect_corrupt("expected 6 elements", tensor_pickle(half));
  PickleWriter::Tensor missing = kMatrix;
  missing.key = "1";
  expect_corrupt("no entry 'a/data/1'", tensor_pickle(missing));
}

TEST(TorchArchive, wrong_archives_are_refused) {
  const std::string pickle = tensor_pickle(kMatrix).text();
  const auto refuse =
      [](ErrorCode code, const std::string& message, const std::vector<ZipEntry>& entries) {
        expect_error(code, message, [&] { parse_torch_archive(make_zip(entries), "test.pt"); });
      };
  const ZipEntry good{"a/data.pkl", pickle};
  refuse(ErrorCode::CorruptFile, "no data.pkl", {{"a/data/0", kSix}});
  refuse(ErrorCode::CorruptFile, "two pickles", {good, {"b/data.pkl", pickle}, {"a/data/0", kSix}});
  refuse(ErrorCode::CorruptFile, "twice", {good, {"a/data/0", kSix}, {"a/data/0", kSix}});
  refuse(ErrorCode::CorruptFile, "unsafe", {good, {"a/data/0", kSix}, {"../x", ""}});
  refuse(ErrorCode::CorruptFile, "checksum", {good, {"a/data/0", kSix, 0, true}});
  refuse(
      ErrorCode::CorruptFile, "larger than itself", {good, {"a/data/0", kSix, 0, false, 1 << 30}});
  refuse(ErrorCode::Unsupported, "compressed", {good, {"a/data/0", kSix, 8}});
  refuse(
      ErrorCode::Unsupported, "little-endian", {good, {"a/data/0", kSix}, {"a/byteorder", "big"}});
  const std::vector<std::byte> whole = make_zip({good, {"a/data/0", kSix}});
  EXPECT_NO_THROW(parse_torch_archive(whole, "test.pt"));
  for (size_t length = 0; length < whole.size(); length += 7) {
    EXPECT_THROW(parse_torch_archive(std::span(whole).first(length), "test.pt"), Error) << length;
  }
}

TEST(TorchArchive, golden_package_equals_its_safetensors) {
  if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no golden checkpoints";
  const auto folder = kCheckpoints / "htdemucs";
  const TorchArchive archive = read_torch_archive(folder / "tinyht00-c6ae7f78.th");
  const auto twin = open_weights(folder / "htdemucs.safetensors");
  ASSERT_EQ(archive.tensors->tensors().size(), twin->tensors().size());
  for (const StoredTensor& tensor : archive.tensors->tensors()) {
    const StoredTensor* other = twin->find(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(tensor.shape, other->shape);
    EXPECT_EQ(to_float(tensor), to_float(*other)) << tensor.name;
  }
  const Json expected = Json::parse_file(folder / "kwargs.json");
  const Json kwargs = archive.root.at("kwargs");
  expected.at("kwargs").for_each_member([&](const std::string& key, const Json& value) {
    if (key == "segment") return;
    EXPECT_EQ(kwargs.at(key), value) << key;
  });
  EXPECT_EQ(kwargs.at("segment").at("numerator").as_int(), 39);
  EXPECT_EQ(kwargs.at("segment").at("denominator").as_int(), 50);
  EXPECT_EQ(archive.root.at("klass").as_string(), "demucs.htdemucs.HTDemucs");
  EXPECT_EQ(archive.root.at("training_args").at("optim").at("lr").as_double(), 0.0003);
}

TEST(TorchArchive, golden_silence_equals_its_safetensors) {
  if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no golden checkpoints";
  const auto folder = kCheckpoints / "acestep-v15-xl-sft";
  const auto tensor = open_weights(folder / "silence_latent.pt");
  const auto twin = open_weights(folder / "silence_latent.safetensors");
  ASSERT_EQ(tensor->tensors().size(), 1u);
  EXPECT_EQ(tensor->tensors()[0].name, "tensor");
  EXPECT_EQ(tensor->tensors()[0].shape, twin->tensors()[0].shape);
  EXPECT_EQ(to_float(tensor->tensors()[0]), to_float(twin->tensors()[0]));
}

}  // namespace
}  // namespace ams
