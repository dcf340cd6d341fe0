#include "studio/jobs/hub_downloader.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/fake_hub.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

class HubDownloaderTest : public testing::Test {
 protected:
  HubDownloaderTest() {
    hub.files["adapter_config.json"] = {.bytes = "{}"};
    hub.files["adapter_model.safetensors"] = {.bytes = test_bytes(200'000), .is_large = true};
    options.endpoint = hub.hub().address();
    options.cache = folder_.path() / "cache";
    options.spare_bytes = 0;
    options.first_delay = std::chrono::milliseconds(5);
  }

  HubDownloader downloader() const {
    return HubDownloader(options, {folder_.path() / "own", options.cache});
  }

  TemporaryFolder folder_;
  FakeHub hub;
  HubOptions options;
};

TEST_F(HubDownloaderTest, fetches_what_is_not_present_and_shows_it) {
  HubDownloader downloads = downloader();
  EXPECT_FALSE(downloads.is_present("org/name"));
  int64_t total = 0;
  DownloadContext context;
  context.progress = [&total](const DownloadProgress& progress) { total = progress.total; };
  downloads.fetch("org/name", context);
  EXPECT_EQ(total, 200'002);
  EXPECT_TRUE(downloads.is_present("org/name"));
}

TEST_F(HubDownloaderTest, presets_that_lie_there_by_hand_are_present) {
  EXPECT_FALSE(downloader().is_present("Chinese New Year"));
  const fs::path home = folder_.path() / "own/loras/Chinese New Year";
  fs::create_directories(home);
  std::ofstream(home / "adapter_model.safetensors") << "w";
  EXPECT_TRUE(downloader().is_present("Chinese New Year"));
}

TEST_F(HubDownloaderTest, stem_models_that_lie_there_by_hand_are_present) {
  EXPECT_FALSE(downloader().is_present("stems"));
  fs::create_directories(folder_.path() / "own/demucs");
  std::ofstream(folder_.path() / "own/demucs/955717e8.safetensors") << "w";
  EXPECT_TRUE(downloader().is_present("stems"));
}

TEST_F(HubDownloaderTest, unknown_names_are_not_found) {
  expect_error(ErrorCode::NotFound, "xl-sft", [this] { downloader().is_present("xxl"); });
}

TEST_F(HubDownloaderTest, stop_ends_it) {
  std::stop_source stop;
  stop.request_stop();
  DownloadContext context;
  context.stop = stop.get_token();
  expect_error(ErrorCode::Cancelled, "cancelled", [&] { downloader().fetch("org/name", context); });
}

}  // namespace
}  // namespace ams
