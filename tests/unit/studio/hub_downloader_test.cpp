#include "studio/jobs/hub_downloader.h"

#include <algorithm>
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

TEST_F(HubDownloaderTest, a_checkpoint_without_all_its_files_is_not_present) {
  const fs::path home = folder_.path() / "own/Qwen2.5-7B-Instruct";
  fs::create_directories(home);
  std::ofstream(home / "config.json") << R"({"model_type": "qwen2"})";
  std::ofstream(home / "model-00001-of-00002.safetensors") << "w";
  const auto is_offered = [this] {
    const std::vector<DownloadOffer> offers = downloader().offers();
    return std::any_of(offers.begin(), offers.end(), [](const DownloadOffer& offer) {
      return offer.name == "Qwen2.5-7B-Instruct" && offer.kind == "lyrics" && offer.bytes > 0;
    });
  };
  EXPECT_FALSE(downloader().is_present("lyrics"));
  EXPECT_TRUE(is_offered());
  std::ofstream(home / "model-00002-of-00002.safetensors") << "w";
  EXPECT_TRUE(downloader().is_present("lyrics"));
  EXPECT_FALSE(is_offered());
}

TEST_F(HubDownloaderTest, offers_models_but_nothing_without_a_network) {
  const std::vector<DownloadOffer> offers = downloader().offers();
  ASSERT_FALSE(offers.empty());
  EXPECT_EQ(offers.front().name, "acestep-v15-xl-sft");
  EXPECT_EQ(offers.front().variant, "sft");
  for (const DownloadOffer& offer : offers) EXPECT_NE(offer.kind, "lora");
  options.offline = true;
  EXPECT_TRUE(downloader().offers().empty());
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
