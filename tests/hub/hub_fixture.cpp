#include "hub/hub_fixture.h"

#include <array>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "base/error.h"

namespace ams {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

HubTest::HubTest() {
  options.endpoint = hub.hub().address();
  options.cache = folder_.path() / "cache";
  options.models = folder_.path() / "models";
  options.piece_bytes = 40'000;
  options.attempts = 4;
  options.spare_bytes = 0;
  options.stall_timeout = std::chrono::seconds(5);
  options.first_delay = std::chrono::milliseconds(5);
  options.max_delay = std::chrono::milliseconds(1'000);
  hub.files["config.json"] = {.bytes = R"({"a": 1})"};
  hub.files["model.safetensors"] = {.bytes = test_bytes(300'000), .is_large = true};
}

PulledItem HubTest::pull_all(const PullContext& context) const {
  const std::array<PullItem, 1> items{RepositoryFiles{.repository = "org/name"}};
  return pull(items, options, context).front();
}

PulledItem HubTest::pull_patterns(const std::vector<std::string>& patterns) const {
  const std::array<PullItem, 1> items{
      RepositoryFiles{.repository = "org/name", .patterns = patterns}};
  return pull(items, options, {}).front();
}

void HubTest::expect_failure(ErrorCode code, const std::vector<std::string>& parts) const {
  try {
    pull_all();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& part : parts) EXPECT_THAT(error.what(), testing::HasSubstr(part));
  }
  EXPECT_FALSE(fs::exists(snapshot() / "model.safetensors"));
}

fs::path HubTest::snapshot() const { return repository_folder() / "snapshots" / hub.commit; }

std::vector<std::string> HubTest::finished_blobs() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(repository_folder() / "blobs", error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".ams-part") == std::string::npos) names.push_back(name);
  }
  return names;
}

}  // namespace ams
