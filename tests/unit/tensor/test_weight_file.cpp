#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tensor/weight_file.h"

namespace ams {
namespace {

const std::filesystem::path kCheckpoints =
    std::filesystem::path(AMS_TEST_GOLDEN_DIR) / "checkpoints";

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

TEST(WeightFile, missing_path_is_not_found) {
  try {
    open_weights("no/such/folder");
    FAIL() << "opened a missing folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::NotFound);
  }
}

}  // namespace
}  // namespace ams
