#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"
#include "tensor/gguf_file.h"

namespace ams {
namespace {

const std::string kLongName =
    "tokenizer.attention_pooler.layers.0.post_attention_layernorm.weight.of_the_longest_kind";

// A tensor of `dtype` whose bytes count up, held by `storage`.
StoredTensor make_tensor(const std::string& name,
                         DType dtype,
                         const std::vector<int64_t>& shape,
                         std::vector<std::vector<std::byte>>& storage) {
  std::vector<std::byte> bytes(dtype_bytes(dtype, *element_count(shape)));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + name.size());
  storage.push_back(std::move(bytes));
  return {name, dtype, shape, storage.back()};
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Gguf : public ::testing::Test {
 protected:
  Gguf() {
    storage_.reserve(32);
    int i = 0;
    for (const DTypeInfo& info : dtype_table()) {
      tensors_.push_back(make_tensor(
          std::string(info.name), info.dtype, {3, info.block * (1 + i++ % 2)}, storage_));
    }
    tensors_.push_back(make_tensor(kLongName, DType::BF16, {1, 5}, storage_));
    tensors_.push_back(make_tensor("scalar", DType::F32, {}, storage_));
    tensors_.push_back(make_tensor("six_dims", DType::F16, {1, 2, 1, 3, 2, 1}, storage_));
    tensors_.push_back(make_tensor("empty", DType::F32, {0, 4}, storage_));
    tensors_.push_back(make_tensor("kernel", DType::Q8_0, {3, 8, 4}, storage_));
    metadata_.set("hash", "0123");
    metadata_.set("text", std::string("a\0b", 3));
  }

  std::filesystem::path write() const {
    write_gguf(folder_.path() / "model.gguf", tensors_, metadata_);
    return folder_.path() / "model.gguf";
  }
  void expect_corrupt_bytes(const std::string& bytes) const {
    EXPECT_THROW(read_gguf(folder_.write("bad.gguf", bytes)), Error);
  }

  TemporaryFolder folder_;
  std::vector<std::vector<std::byte>> storage_;
  std::vector<StoredTensor> tensors_;
  Json metadata_ = Json::object();
};

TEST_F(Gguf, round_trip_keeps_names_types_shapes_and_bytes) {
  const GgufContent content = read_gguf(write());
  EXPECT_EQ(content.metadata, metadata_);
  ASSERT_EQ(content.tensors->tensors().size(), tensors_.size());
  for (const StoredTensor& tensor : tensors_) {
    const StoredTensor* twin = content.tensors->find(tensor.name);
    ASSERT_NE(twin, nullptr) << tensor.name;
    EXPECT_EQ(twin->dtype, tensor.dtype);
    EXPECT_EQ(twin->shape, tensor.shape);
    ASSERT_EQ(twin->bytes.size(), tensor.bytes.size());
    EXPECT_TRUE(std::equal(twin->bytes.begin(), twin->bytes.end(), tensor.bytes.begin()));
  }
}

TEST_F(Gguf, folder_and_file_open_as_weights) {
  write();
  EXPECT_NE(open_weights(folder_.path())->find(kLongName), nullptr);
}

TEST_F(Gguf, writing_replaces_the_file_and_leaves_nothing_else) {
  write();
  tensors_.resize(1);
  EXPECT_EQ(read_gguf(write()).tensors->tensors().size(), 1u);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(Gguf, inconsistent_tensors_are_not_written) {
  const auto refuse = [&](const std::string& message) {
    expect_error(ErrorCode::InvalidRequest, message, [&] { write(); });
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "model.gguf"));
  };
  const std::vector<StoredTensor> good = tensors_;
  tensors_.push_back(good[0]);
  refuse("twice");
  tensors_ = good;
  tensors_[0].shape = {4, 4};
  refuse("is not what its type");
  tensors_ = good;
  const TensorRecipe part{"part", DType::Q8_0, {5, 8}, [](const ByteSink&) {}};
  expect_error(ErrorCode::InvalidRequest, "values are no whole blocks", [&] {
    write_gguf(folder_.path() / "model.gguf", std::span(&part, 1), metadata_);
  });
}

TEST_F(Gguf, missing_folder_is_not_found) {
  expect_error(ErrorCode::NotFound, "cannot write", [&] {
    write_gguf(folder_.path() / "none" / "model.gguf", tensors_, metadata_);
  });
}

TEST_F(Gguf, every_truncation_is_refused) {
  const std::string whole = read_all(write());
  // The last tensors are padded or empty: cut into the last one that has bytes.
  const size_t last = whole.size() - 64;
  for (size_t length = 0; length < last; length += 97)
    expect_corrupt_bytes(whole.substr(0, length));
}

TEST_F(Gguf, flipped_header_bytes_never_crash) {
  const std::string whole = read_all(write());
  for (size_t i = 0; i < 2500; ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0xFF);
    try {
      read_gguf(folder_.write("bad.gguf", bytes));
    } catch (const Error&) {  // refusing is right; some bytes change nothing that is checked
    }
  }
}

TEST_F(Gguf, wrong_headers_are_refused) {
  const std::string whole = read_all(write());
  const auto refuse = [&](ErrorCode code, const std::string& message, const std::string& bytes) {
    expect_error(code, message, [&] { read_gguf(folder_.write("bad.gguf", bytes)); });
  };
  refuse(ErrorCode::CorruptFile, "GGUF header", "GGML" + whole.substr(4));
  std::string many = whole;
  many[11] = 1;
  refuse(ErrorCode::CorruptFile, "at most", many);
  std::string foreign = whole;
  foreign[whole.find("ams.tensors")] = 'x';
  refuse(ErrorCode::Unsupported, "not from this program", foreign);
  std::string type = whole;
  type.replace(type.find("\"dtype\":\"f32\""), 13, "\"dtype\":\"f16\"");
  refuse(ErrorCode::CorruptFile, "another type", type);
  std::string shape = whole;
  shape.replace(shape.find("[1,2,1,3,2,1]"), 13, "[1,2,1,3,2,2]");
  refuse(ErrorCode::CorruptFile, "another type or size", shape);
  std::string name = whole;
  name.replace(name.find("\"name\":\"i64\""), 12, "\"name\":\"i32\"");
  refuse(ErrorCode::CorruptFile, "twice", name);
}

}  // namespace
}  // namespace ams
