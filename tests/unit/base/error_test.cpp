#include "base/error.h"

#include <set>

#include <gtest/gtest.h>

namespace ams {
namespace {

constexpr ErrorCode kAllCodes[] = {
    ErrorCode::InvalidRequest,
    ErrorCode::NotFound,
    ErrorCode::CorruptFile,
    ErrorCode::Unsupported,
    ErrorCode::OutOfMemory,
    ErrorCode::Network,
    ErrorCode::Cancelled,
    ErrorCode::Internal,
    ErrorCode::Busy,
    ErrorCode::TooLarge,
    ErrorCode::Gone,
    ErrorCode::TimedOut,
};

TEST(ErrorCodeInfo, every_code_has_its_own_row) {
  for (const ErrorCode code : kAllCodes) EXPECT_EQ(error_code_info(code).code, code);
}

TEST(ErrorCodeInfo, names_and_exit_codes_tell_codes_apart) {
  std::set<std::string_view> names;
  std::set<int> exit_codes;
  for (const ErrorCode code : kAllCodes) {
    names.insert(error_code_info(code).name);
    exit_codes.insert(error_code_info(code).exit_code);
  }
  EXPECT_EQ(names.size(), std::size(kAllCodes));
  EXPECT_EQ(exit_codes.size(), std::size(kAllCodes));
  EXPECT_EQ(exit_codes.count(0), 0u);
}

TEST(ErrorCodeInfo, statuses_are_errors_in_http) {
  for (const ErrorCode code : kAllCodes) {
    EXPECT_GE(error_code_info(code).http_status, 400);
    EXPECT_LT(error_code_info(code).http_status, 600);
  }
}

TEST(Error, carries_code_and_message) {
  const Error error(ErrorCode::NotFound, "hub: no such model");
  EXPECT_EQ(error.code(), ErrorCode::NotFound);
  EXPECT_STREQ(error.what(), "hub: no such model");
}

}  // namespace
}  // namespace ams
