#include "cli/environment.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class EnvironmentTest : public testing::Test {
 protected:
  ~EnvironmentTest() override {
    for (const char* name : {"AMS_DATA_DIR",
                             "AMS_LOG_LEVEL",
                             "AMS_MODEL_DIR",
                             "AMS_OFFLINE",
                             "AMS_PRECISION",
                             "HF_ENDPOINT",
                             "HF_HOME",
                             "HF_HUB_CACHE",
                             "HF_HUB_ENABLE_HF_TRANSFER",
                             "HF_HUB_OFFLINE",
                             "HF_TOKEN"}) {
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

TEST_F(EnvironmentTest, downloads_go_to_the_hub_cache_and_else_to_our_folder) {
  setenv("HF_HOME", "/hub-home", 1);
  setenv("AMS_DATA_DIR", "/data", 1);
  EXPECT_EQ(read_environment().hub.cache, "/hub-home/hub");
  EXPECT_EQ(read_environment().hub.models, "/data/models");
  EXPECT_THAT(read_environment().model_folders, Contains("/data/models"));
  setenv("AMS_MODEL_DIR", "/models/mine", 1);
  EXPECT_EQ(read_environment().hub.models, "/models/mine");
}

TEST_F(EnvironmentTest, offline_is_on_for_either_variable_and_any_yes) {
  EXPECT_FALSE(read_environment().hub.offline);
  for (const char* name : {"HF_HUB_OFFLINE", "AMS_OFFLINE"}) {
    for (const char* yes : {"1", "on", "True", "YES"}) {
      setenv(name, yes, 1);
      EXPECT_TRUE(read_environment().hub.offline) << name << yes;
    }
    setenv(name, "0", 1);
    EXPECT_FALSE(read_environment().hub.offline) << name;
  }
}

TEST_F(EnvironmentTest, endpoint_is_an_address_without_a_slash_at_its_end) {
  EXPECT_EQ(read_environment().hub.endpoint, "https://huggingface.co");
  setenv("HF_ENDPOINT", "https://mirror.example/", 1);
  EXPECT_EQ(read_environment().hub.endpoint, "https://mirror.example");
  setenv("HF_ENDPOINT", "mirror.example", 1);
  EXPECT_THROW(read_environment(), Error);
}

TEST_F(EnvironmentTest, token_is_one_word_and_in_no_message) {
  setenv("HF_TOKEN", " hf_abc\n", 1);
  EXPECT_EQ(read_environment().hub.token, "hf_abc");
  setenv("HF_TOKEN", "hf_abc\r\nX-Other: 1", 1);
  try {
    read_environment();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("hf_abc")));
  }
}

TEST_F(EnvironmentTest, switches_of_pythons_clients_are_tolerated) {
  setenv("HF_HUB_ENABLE_HF_TRANSFER", "1", 1);
  EXPECT_NO_THROW(read_environment());
}

TEST_F(EnvironmentTest, log_level_is_checked) {
  EXPECT_FALSE(read_environment().log_level);
  setenv("AMS_LOG_LEVEL", "debug", 1);
  EXPECT_EQ(read_environment().log_level, LogLevel::Debug);
  setenv("AMS_LOG_LEVEL", "loud", 1);
  EXPECT_THROW(read_environment(), Error);
}

TEST_F(EnvironmentTest, precision_is_a_format_of_weights) {
  EXPECT_EQ(read_environment().quant, Quantisation::None);
  setenv("AMS_PRECISION", "bf16", 1);
  EXPECT_EQ(read_environment().quant, Quantisation::None);
  setenv("AMS_PRECISION", "q5_k", 1);
  EXPECT_EQ(read_environment().quant, Quantisation::Q5K);
  setenv("AMS_PRECISION", "f16", 1);
  try {
    read_environment();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidRequest);
    EXPECT_THAT(error.what(), HasSubstr("AMS_PRECISION is 'f16'"));
    EXPECT_THAT(error.what(), HasSubstr("q8_0"));
  }
}

}  // namespace
}  // namespace ams
