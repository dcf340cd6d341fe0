#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {
namespace {

using testing::HasSubstr;

class Log : public testing::Test {
 protected:
  ~Log() override { set_log_level(LogLevel::Warning); }

  static std::string written(LogLevel level) {
    testing::internal::CaptureStderr();
    log(level, "studio", "weights {loaded}");
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, writes_level_module_and_message) {
  set_log_level(LogLevel::Info);
  EXPECT_THAT(written(LogLevel::Info), HasSubstr("info studio: weights {loaded}\n"));
}

TEST_F(Log, leaves_out_what_is_below_its_level) {
  set_log_level(LogLevel::Warning);
  EXPECT_EQ(written(LogLevel::Info), "");
  EXPECT_NE(written(LogLevel::Error), "");
  set_log_level(LogLevel::Off);
  EXPECT_EQ(written(LogLevel::Error), "");
}

TEST_F(Log, level_names_are_parsed_back) {
  for (const std::string_view name : log_level_names()) {
    ASSERT_TRUE(parse_log_level(name)) << name;
    EXPECT_EQ(log_level_names()[static_cast<size_t>(*parse_log_level(name))], name);
  }
  EXPECT_FALSE(parse_log_level("loud"));
}

}  // namespace
}  // namespace ams
