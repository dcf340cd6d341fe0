#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"
#include "tensor/weight_file.h"

namespace ams {
namespace {

using ::testing::ElementsAre;

const std::filesystem::path kGolden = AMS_TEST_GOLDEN_DIR;
const std::filesystem::path kCheckpoints = kGolden / "checkpoints";

// A safetensors file of BF16 tensors with these shapes; its tensor bytes are a hole in the file.
void write_sparse(const std::filesystem::path& path,
                  const std::vector<std::pair<std::string, std::vector<int64_t>>>& tensors) {
  Json header = Json::object();
  int64_t position = 0;
  for (const auto& [name, shape] : tensors) {
    Json dims = Json::array();
    int64_t count = 1;
    for (const int64_t dim : shape) {
      dims.push_back(dim);
      count *= dim;
    }
    Json offsets = Json::array();
    offsets.push_back(position);
    position += 2 * count;
    offsets.push_back(position);
    Json entry = Json::object();
    entry.set("dtype", "BF16");
    entry.set("shape", dims);
    entry.set("data_offsets", offsets);
    header.set(name, entry);
  }
  const std::string text = header.dump();
  const auto length = static_cast<uint64_t>(text.size());
  std::string start(8, '\0');
  std::memcpy(start.data(), &length, 8);
  std::ofstream(path, std::ios::binary) << start << text;
  std::filesystem::resize_file(path, start.size() + text.size() + static_cast<size_t>(position));
}

std::shared_ptr<const WeightFile> small_file(const TemporaryFolder& folder,
                                             const std::string& name,
                                             const std::string& tensor) {
  write_sparse(folder.path() / name, {{tensor, {2}}});
  return open_weights(folder.path() / name);
}

TEST(WeightFile, every_golden_checkpoint_is_read) {
  if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no golden checkpoints";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kCheckpoints)) {
    const std::string extension = entry.path().extension().string();
    const bool is_index = entry.path().string().ends_with(".safetensors.index.json");
    if (extension != ".safetensors" && extension != ".th" && extension != ".pt" && !is_index) {
      continue;
    }
    ++files;
    const auto file = open_weights(entry.path());
    EXPECT_FALSE(file->tensors().empty()) << entry.path();
    for (const StoredTensor& tensor : file->tensors()) {
      EXPECT_EQ(static_cast<int64_t>(to_float(tensor).size()), *element_count(tensor.shape));
      EXPECT_EQ(file->find(tensor.name), &tensor);
    }
  }
  EXPECT_GE(files, 20);
}

TEST(WeightFile, golden_folders_open_by_their_rule) {
  if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no golden checkpoints";
  EXPECT_EQ(open_weights(kCheckpoints / "vae")->tensors().size(), 365u);
  EXPECT_EQ(open_weights(kCheckpoints / "Qwen2.5-7B-Instruct")->tensors().size(), 39u);
}

TEST(WeightFile, shards_equal_the_single_file) {
  if (!std::filesystem::exists(kCheckpoints)) GTEST_SKIP() << "no golden checkpoints";
  const auto single = open_weights(kCheckpoints / "acestep-v15-xl-sft");
  const auto sharded = open_weights(kCheckpoints / "acestep-v15-xl-sft-sharded");
  ASSERT_EQ(single->tensors().size(), sharded->tensors().size());
  for (const StoredTensor& tensor : single->tensors()) {
    const StoredTensor* twin = sharded->find(tensor.name);
    ASSERT_NE(twin, nullptr) << tensor.name;
    EXPECT_EQ(tensor.shape, twin->shape);
    EXPECT_EQ(to_float(tensor), to_float(*twin)) << tensor.name;
  }
}

// Full sizes as sparse files: 10 GB for XL that take no space on the disk.
TEST(WeightFile, official_names_and_sizes_are_read_quickly) {
  const auto folder = kGolden / "official_tensors";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no list of official tensors";
  const TemporaryFolder temporary;
  for (const auto& list : std::filesystem::directory_iterator(folder)) {
    std::vector<std::pair<std::string, std::vector<int64_t>>> tensors;
    Json::parse_file(list.path()).for_each_member([&](const std::string& name, const Json& dims) {
      std::vector<int64_t> shape;
      for (int64_t i = 0; i < dims.size(); ++i) shape.push_back(dims.at(i).as_int());
      tensors.emplace_back(name, shape);
    });
    const auto path = temporary.path() / "model.safetensors";
    write_sparse(path, tensors);
    const auto start = std::chrono::steady_clock::now();
    const auto file = open_weights(path);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    EXPECT_LT(elapsed.count(), 1.0) << list.path();  // milliseconds; sanitizers are slower
    ASSERT_EQ(file->tensors().size(), tensors.size());
    for (const auto& [name, shape] : tensors) {
      ASSERT_NE(file->find(name), nullptr) << name;
      EXPECT_EQ(file->find(name)->shape, shape);
    }
  }
}

TEST(WeightFile, missing_and_unknown_paths_are_refused) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::NotFound, "does not exist", [] { open_weights("no/such/folder"); });
  expect_error(ErrorCode::NotFound, "holds none of", [&] { open_weights(folder.path()); });
  const auto text = folder.write("model.txt", "text");
  expect_error(ErrorCode::Unsupported, "known formats", [&] { open_weights(text); });
  const auto empty = folder.write("model.safetensors", "");
  expect_error(ErrorCode::CorruptFile, "has 0 bytes", [&] { open_weights(empty); });
}

TEST(WeightFile, joined_files_are_one) {
  const TemporaryFolder folder;
  const auto joined = join_weights(
      {small_file(folder, "1.safetensors", "a"), small_file(folder, "2.safetensors", "b")});
  EXPECT_EQ(joined->tensors().size(), 2u);
  EXPECT_THAT(to_float(*joined->find("b")), ElementsAre(0, 0));
  EXPECT_EQ(joined->find("c"), nullptr);
  expect_error(ErrorCode::CorruptFile, "'a' twice", [&] {
    join_weights(
        {small_file(folder, "1.safetensors", "a"), small_file(folder, "2.safetensors", "a")});
  });
}

TEST(WeightFile, renamed_tensors_keep_their_bytes_and_can_be_left_out) {
  const TemporaryFolder folder;
  write_sparse(folder.path() / "1.safetensors", {{"model.a", {2}}, {"model.b", {3}}});
  auto file = open_weights(folder.path() / "1.safetensors");
  const auto renamed = rename_weights(file, [](std::string_view name) {
    return name == "model.b" ? std::string() : std::string(name.substr(6));
  });
  EXPECT_EQ(renamed->tensors().size(), 1u);
  file.reset();
  EXPECT_THAT(to_float(*renamed->find("a")), ElementsAre(0, 0));
}

TEST(WeightFile, floats_of_every_width_are_converted_and_integers_refused) {
  const std::vector<double> doubles{1.5, -2.0};
  const std::vector<uint16_t> halves{0x3E00, 0xC000};
  EXPECT_THAT(to_float({"a", DType::F64, {2}, std::as_bytes(std::span(doubles))}),
              ElementsAre(1.5f, -2.0f));
  EXPECT_THAT(to_float({"a", DType::F16, {2}, std::as_bytes(std::span(halves))}),
              ElementsAre(1.5f, -2.0f));
  expect_error(ErrorCode::Unsupported, "'a' is i64", [&] {
    to_float({"a", DType::I64, {2}, std::as_bytes(std::span(doubles))});
  });
}

}  // namespace
}  // namespace ams
