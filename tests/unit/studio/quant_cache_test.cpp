// Quantised weights that are kept: made once, checked, made again, and never in the way.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "studio/weights/model_weights.h"
#include "studio/weights/source_identity.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

const fs::path kPlanner =
    fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints/acestep-5Hz-lm-1.7B";

class QuantCacheTest : public testing::Test {
 protected:
  QuantCacheTest() { fs::copy(kPlanner, model_); }
  std::string open(Precision precision = Precision::Q8_0) const {
    return open_model_weights(model_, precision, {cache_})->description();
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(cache_)) found.push_back(entry.path());
    return found;
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_.path() / "planner";
  fs::path cache_ = folder_.path() / "cache" / "quantised";
};

TEST_F(QuantCacheTest, the_second_start_reads_what_the_first_wrote) {
  const std::string first = open();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(first, files()[0].string());
  const auto written = fs::last_write_time(files()[0]);
  EXPECT_EQ(open(), first);
  EXPECT_EQ(fs::last_write_time(files()[0]), written);
}

TEST_F(QuantCacheTest, every_format_has_its_file_and_bf16_none) {
  EXPECT_NE(open(Precision::Q8_0), open(Precision::Q4_K));
  EXPECT_TRUE(open(Precision::BF16).ends_with("model.safetensors"));
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(QuantCacheTest, a_cut_or_foreign_file_is_made_again) {
  const fs::path path = open();
  const auto size = fs::file_size(path);
  fs::resize_file(path, size / 2);
  EXPECT_EQ(open(), path.string());
  EXPECT_EQ(fs::file_size(path), size);
  std::ofstream(path) << "something else";
  EXPECT_EQ(open(), path.string());
  EXPECT_EQ(fs::file_size(path), size);
}

TEST_F(QuantCacheTest, a_changed_source_is_another_source) {
  const std::string before = source_identity(model_);
  EXPECT_EQ(source_identity(model_), before);
  const fs::path weights = model_ / "model.safetensors";
  const auto time = fs::last_write_time(weights);
  std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x7F');
  file.close();
  fs::last_write_time(weights, time + std::chrono::seconds(1));
  EXPECT_NE(source_identity(model_), before);
}

TEST_F(QuantCacheTest, equal_sizes_and_times_do_not_hide_other_values) {
  const std::string before = source_identity(model_);
  const fs::path weights = model_ / "model.safetensors";
  const auto time = fs::last_write_time(weights);
  std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(weights) / 2));
  const std::string other(16384, '\x3F');  // another fine-tune differs everywhere
  file << other;
  file.close();
  fs::last_write_time(weights, time);
  EXPECT_NE(source_identity(model_), before);
}

TEST_F(QuantCacheTest, a_folder_that_cannot_be_made_is_no_error) {
  folder_.write("cache", "a file where the folder should be");
  EXPECT_TRUE(open().ends_with("model.safetensors"));
}

}  // namespace
}  // namespace ams
