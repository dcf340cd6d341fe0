// A Hub with faults, an empty cache, and short pauses.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/fake_hub.h"
#include "hub/pull.h"
#include "support/temporary_folder.h"

namespace ams {

class HubTest : public testing::Test {
 protected:
  HubTest();

  PulledItem pull_all(const PullContext& context = {}) const;
  PulledItem pull_patterns(const std::vector<std::string>& patterns) const;
  // Expects the error and that no file has a finished name.
  void expect_failure(ErrorCode code, const std::vector<std::string>& parts) const;

  std::filesystem::path repository_folder() const { return options.cache / "models--org--name"; }
  std::filesystem::path snapshot() const;
  // Names in blobs/ without those of unfinished downloads.
  std::vector<std::string> finished_blobs() const;

  TemporaryFolder folder_;
  FakeHub hub;
  HubOptions options;
};

std::string text_of(const std::filesystem::path& path);

}  // namespace ams
