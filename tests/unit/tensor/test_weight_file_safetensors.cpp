#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"
#include "tensor/safetensors.h"

namespace ams {
namespace {

using ::testing::ElementsAre;

// A file's bytes: the header's length (or `stated_length`), the header and `data_bytes` zeros.
std::string make_file(const std::string& header, size_t data_bytes, int64_t stated_length = -1) {
  const auto length = static_cast<uint64_t>(stated_length < 0 ? static_cast<int64_t>(header.size())
                                                              : stated_length);
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>((length >> (8 * i)) & 0xFFu);
  return bytes + header + std::string(data_bytes, '\0');
}

SafetensorsContent parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "test.safetensors");
}

void expect_corrupt(const std::string& message, const std::string& bytes) {
  expect_error(ErrorCode::CorruptFile, message, [&] { parse(bytes); });
}

// One F32 tensor [2] at 0..8, and `second` after a comma.
std::string two(const std::string& second) {
  return R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)" + second + "}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST(Safetensors, valid_file_is_read_in_the_order_of_its_bytes) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"z":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},)"
      R"("a":{"dtype":"I64","shape":[],"data_offsets":[4,12]},)"
      R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]}}   )";
  const std::string bytes = make_file(header, 12);
  const SafetensorsContent content = parse(bytes);
  ASSERT_EQ(content.tensors.size(), 3u);
  EXPECT_EQ(content.tensors[0].name, "z");
  EXPECT_THAT(content.tensors[0].shape, ElementsAre(2, 1));
  EXPECT_EQ(content.tensors[1].name, "e");
  EXPECT_EQ(content.tensors[2].name, "a");
  EXPECT_EQ(content.tensors[2].dtype, DType::I64);
  EXPECT_EQ(content.tensors[2].bytes.size(), 8u);
  EXPECT_EQ(content.metadata.at("format").as_string(), "pt");
}

TEST(Safetensors, every_dtype_is_read) {
  for (const DTypeInfo& info : dtype_table()) {
    if (info.safetensors_name.empty()) continue;
    const std::string offsets = "[0," + std::to_string(3 * info.block_bytes) + "]";
    const std::string bytes =
        make_file(one(std::string(info.safetensors_name), "[3]", offsets), 3 * info.block_bytes);
    EXPECT_EQ(parse(bytes).tensors[0].dtype, info.dtype);
  }
}

TEST(Safetensors, wrong_header_lengths_are_refused) {
  expect_corrupt("at least", "1234567");
  expect_corrupt("header of 100 bytes", make_file("{}", 0, 100));
  expect_corrupt("header of", make_file("{}", 0, std::numeric_limits<int64_t>::max()));
  expect_corrupt("JSON object", make_file("", 0));
  expect_corrupt("JSON object", make_file("[]", 0));
  expect_corrupt("not valid JSON", make_file("{}", 0, 1));
  expect_error(ErrorCode::Unsupported, "at most", [] {
    parse(make_file("{}" + std::string(100'000'000, ' '), 0));
  });
}

TEST(Safetensors, headers_of_another_form_are_refused) {
  expect_corrupt("not valid JSON", make_file("{\"a\":}", 0));
  expect_corrupt("not valid JSON", make_file("{\"\xFF\":1}", 0));
  expect_corrupt("wrong header entry 'a'", make_file(R"({"a":1})", 0));
  expect_corrupt("'shape' is missing", make_file(R"({"a":{"dtype":"F32"}})", 0));
  expect_corrupt("no shape", make_file(one("F32", "2", "[0,8]"), 8));
  expect_corrupt("two data_offsets", make_file(one("F32", "[2]", "[0]"), 8));
  expect_corrupt("wrong header entry", make_file(one("F32", "[\"2\"]", "[0,8]"), 8));
  expect_corrupt("wrong header entry", make_file(one("F32", "[2.0]", "[0,8]"), 8));
  expect_corrupt("metadata", make_file(R"({"__metadata__":{"a":1}})", 0));
  expect_corrupt("no object", make_file(R"({"__metadata__":[]})", 0));
  expect_corrupt("deeper",
                 make_file("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", 0));
}

TEST(Safetensors, wrong_dtypes_and_names_are_refused) {
  expect_corrupt("dtype 'F33'", make_file(one("F33", "[2]", "[0,8]"), 8));
  expect_corrupt("dtype ''", make_file(one("", "[2]", "[0,8]"), 8));
  expect_corrupt("dtype 'q8_0'", make_file(one("q8_0", "[32]", "[0,34]"), 34));
  expect_corrupt("twice",
                 make_file(two(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]})"), 16));
}

TEST(Safetensors, sizes_that_do_not_fit_are_refused) {
  expect_corrupt("expected 8", make_file(one("F32", "[2]", "[0,4]"), 4));
  expect_corrupt("expected 8", make_file(one("F32", "[2]", "[0,16]"), 16));
  expect_corrupt("negative or overflows", make_file(one("F32", "[-2]", "[0,8]"), 8));
  expect_corrupt("overflows", make_file(one("F32", "[4294967296,4294967296]", "[0,0]"), 0));
  expect_corrupt("exceed", make_file(one("F64", "[4611686018427387904]", "[0,0]"), 0));
  expect_corrupt("wrong header entry", make_file(one("F32", "[18446744073709551615]", "[0,8]"), 8));
  expect_corrupt("dimensions",
                 make_file(one("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), 4));
}

TEST(Safetensors, wrong_offsets_are_refused) {
  expect_corrupt("tensor bytes", make_file(one("F32", "[2]", "[0,8]"), 7));
  expect_corrupt("bytes 8 to 0", make_file(one("F32", "[2]", "[8,0]"), 8));
  expect_corrupt("bytes -8 to 0", make_file(one("F32", "[2]", "[-8,0]"), 8));
  expect_corrupt("overlaps",
                 make_file(two(R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]})"), 12));
  expect_corrupt("overlaps",
                 make_file(two(R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), 8));
  expect_corrupt("gap",
                 make_file(two(R"("b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]})"), 16));
  expect_corrupt("gap", make_file(one("F32", "[2]", "[4,12]"), 12));
  expect_corrupt("describes only 8", make_file(one("F32", "[2]", "[0,8]"), 9));
  EXPECT_NO_THROW(
      parse(make_file(two(R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})"), 12)));
}

class SafetensorsIndex : public ::testing::Test {
 protected:
  SafetensorsIndex() {
    folder_.write("1.safetensors", make_file(one("F32", "[2]", "[0,8]"), 8));
    folder_.write("2.safetensors",
                  make_file(R"({"b":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", 4));
  }
  std::shared_ptr<const WeightFile> open(const std::string& index) const {
    return open_weights(folder_.write("model.safetensors.index.json", index));
  }
  void expect_refused(ErrorCode code, const std::string& message, const std::string& index) const {
    expect_error(code, message, [&] { open(index); });
  }
  TemporaryFolder folder_;
};

TEST_F(SafetensorsIndex, shards_are_one_file) {
  const auto file = open(
      R"({"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  EXPECT_EQ(file->tensors().size(), 2u);
  EXPECT_NE(file->find("a"), nullptr);
  EXPECT_NE(file->find("b"), nullptr);
  EXPECT_NO_THROW(open(
      R"({"metadata":{"total_size":12.0},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})"));
  EXPECT_NO_THROW(open(R"({"weight_map":{"a":"1.safetensors"}})"));
}

TEST_F(SafetensorsIndex, wrong_indices_are_refused) {
  const auto corrupt = [&](const std::string& message, const std::string& index) {
    expect_refused(ErrorCode::CorruptFile, message, index);
  };
  corrupt("weight_map", "{}");
  corrupt("weight_map", R"({"weight_map":[]})");
  corrupt("no tensors", R"({"weight_map":{}})");
  corrupt("names no shard", R"({"weight_map":{"a":1}})");
  corrupt("plain file name", R"({"weight_map":{"a":"../1.safetensors"}})");
  corrupt("plain file name", R"({"weight_map":{"a":"/1.safetensors"}})");
  corrupt("plain file name", R"({"weight_map":{"a":""}})");
  corrupt("plain file name", R"({"weight_map":{"a":"1.safetensors\u0000"}})");
  corrupt("no such tensor", R"({"weight_map":{"a":"1.safetensors","c":"1.safetensors"}})");
}

TEST_F(SafetensorsIndex, missing_shard_is_named) {
  expect_refused(ErrorCode::NotFound,
                 "3.safetensors",
                 R"({"weight_map":{"a":"1.safetensors","c":"3.safetensors"}})");
}

TEST_F(SafetensorsIndex, extra_tensor_of_a_shard_is_named) {
  folder_.write("1.safetensors",
                make_file(two(R"("extra":{"dtype":"U8","shape":[1],"data_offsets":[8,9]})"), 9));
  expect_refused(ErrorCode::CorruptFile, "'extra'", R"({"weight_map":{"a":"1.safetensors"}})");
}

TEST_F(SafetensorsIndex, total_size_must_match) {
  const std::string map = R"("weight_map":{"a":"1.safetensors"}})";
  expect_refused(ErrorCode::CorruptFile, "total size", R"({"metadata":{"total_size":9},)" + map);
  expect_refused(ErrorCode::CorruptFile, "no number", R"({"metadata":{"total_size":"8"},)" + map);
}

}  // namespace
}  // namespace ams
