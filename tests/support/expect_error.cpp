#include "support/expect_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {

void expect_error(ErrorCode code, const std::string& message, const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "accepted; expected an error with: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
  }
}

}  // namespace ams
