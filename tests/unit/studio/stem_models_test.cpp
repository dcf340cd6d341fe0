#include "studio/post/stem_models.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class StemModels : public testing::Test {
 protected:
  fs::path touch(const fs::path& name) const {
    fs::create_directories((folder_.path() / name).parent_path());
    return folder_.write(name.string(), "x");
  }
  StemModelFiles find(const std::string& name) const {
    return find_stem_model(name, std::vector{folder_.path()});
  }

  const TemporaryFolder folder_;
};

TEST_F(StemModels, official_file_is_found_by_its_signature) {
  const fs::path file = touch("demucs/955717e8-8726e21a.th");
  touch("demucs/5c90dfd2-34c22ccb.th");
  EXPECT_THAT(find("htdemucs").files, ElementsAre(file));
}

TEST_F(StemModels, folder_and_file_are_found_by_name) {
  touch("htdemucs/weights.safetensors");
  const fs::path six = touch("htdemucs_6s.safetensors");
  EXPECT_THAT(find("htdemucs").files, ElementsAre(folder_.path() / "htdemucs"));
  EXPECT_THAT(find("htdemucs_6s").files, ElementsAre(six));
}

TEST_F(StemModels, networks_of_the_bag_keep_the_order_of_the_stems) {
  const fs::path vocals = touch("04573f0d-f3cf25b2.th");
  const fs::path other = touch("92cfc3b6-ef3bcb9c.th");
  const fs::path bass = touch("d12395a8-e57c48e6.th");
  expect_error(ErrorCode::NotFound, "f7e0c4bc", [&] { find("htdemucs_ft"); });
  const fs::path drums = touch("f7e0c4bc-ba3fe64a.th");
  EXPECT_THAT(find("htdemucs_ft").files, ElementsAre(drums, bass, other, vocals));
}

TEST_F(StemModels, hub_cache_is_searched) {
  const fs::path file =
      touch("models--adefossez--HTDemucs/snapshots/bf35a81b/955717e8.safetensors");
  EXPECT_THAT(find("htdemucs").files, ElementsAre(file));
  EXPECT_EQ(list_stem_models(std::vector{folder_.path()}).size(), 1u);
}

TEST_F(StemModels, paths_are_taken_as_they_are) {
  const fs::path file = touch("mine.th");
  EXPECT_EQ(find(file.string()).name, "mine");
  EXPECT_THAT(find(file.string()).files, ElementsAre(file));
}

TEST_F(StemModels, missing_models_say_where_was_looked) {
  expect_error(ErrorCode::NotFound, folder_.path().string(), [&] { find("htdemucs"); });
  expect_error(
      ErrorCode::NotFound, "htdemucs, htdemucs_ft, htdemucs_6s", [&] { find("spleeter"); });
}

}  // namespace
}  // namespace ams
