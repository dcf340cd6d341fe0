#include "base/error.h"

#include <array>

namespace ams {
namespace {

// Exit codes: 2 usage (as most command line tools), then one each; 130 as for SIGINT.
constexpr std::array<ErrorCodeInfo, 12> kErrorCodes{{
    {ErrorCode::InvalidRequest, "invalid_request", 422, 2},
    {ErrorCode::NotFound, "not_found", 404, 3},
    {ErrorCode::CorruptFile, "corrupt_file", 422, 4},
    {ErrorCode::Unsupported, "unsupported", 415, 5},
    {ErrorCode::OutOfMemory, "out_of_memory", 507, 6},
    {ErrorCode::Network, "network", 502, 7},
    {ErrorCode::Cancelled, "cancelled", 499, 130},
    {ErrorCode::Internal, "internal", 500, 1},
    {ErrorCode::Busy, "busy", 429, 8},
    {ErrorCode::TooLarge, "too_large", 413, 9},
    {ErrorCode::Gone, "gone", 410, 10},
    {ErrorCode::TimedOut, "timed_out", 504, 11},
}};

}  // namespace

const ErrorCodeInfo& error_code_info(ErrorCode code) {
  for (const ErrorCodeInfo& info : kErrorCodes) {
    if (info.code == code) return info;
  }
  return error_code_info(ErrorCode::Internal);
}

}  // namespace ams
