#include "cli/environment.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::Contains;

class EnvironmentTest : public testing::Test {
 protected:
  ~EnvironmentTest() override {
    for (const char* name : {"AMS_LOG_LEVEL", "AMS_MODEL_DIR", "HF_HOME", "HF_HUB_CACHE"}) {
      unsetenv(name);
    }
  }
};

TEST_F(EnvironmentTest, own_model_folder_comes_first) {
  setenv("AMS_MODEL_DIR", "/models/mine", 1);
  ASSERT_FALSE(read_environment().model_folders.empty());
  EXPECT_EQ(read_environment().model_folders.front(), "/models/mine");
}

TEST_F(EnvironmentTest, hub_cache_is_found_as_the_hub_does) {
  setenv("HF_HOME", "/hub-home", 1);
  EXPECT_THAT(read_environment().model_folders, Contains("/hub-home/hub"));
  setenv("HF_HUB_CACHE", "/hub-cache", 1);
  EXPECT_THAT(read_environment().model_folders, Contains("/hub-cache"));
}

TEST_F(EnvironmentTest, log_level_is_checked) {
  EXPECT_FALSE(read_environment().log_level);
  setenv("AMS_LOG_LEVEL", "debug", 1);
  EXPECT_EQ(read_environment().log_level, LogLevel::Debug);
  setenv("AMS_LOG_LEVEL", "loud", 1);
  EXPECT_THROW(read_environment(), Error);
}

}  // namespace
}  // namespace ams
