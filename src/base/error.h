// The one exception type of the project and the table that maps its codes to the outside.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ams {

enum class ErrorCode {
  InvalidRequest,  // the caller asked for something that is not allowed
  NotFound,        // a file, model, job or route does not exist
  CorruptFile,     // a file's bytes contradict its format
  Unsupported,     // well-formed, but not something this program can do
  OutOfMemory,     // host or device memory does not suffice
  Network,         // a remote host did not answer as expected
  Cancelled,       // the caller asked to stop
  Internal,        // a defect of this program
  Busy,            // too much is waiting already; later it will work
  TooLarge,        // more bytes than are accepted
  Gone,            // it existed and was cleaned up
  TimedOut,        // it took longer than it may
};

// How a code looks outside: its wire name, HTTP status and process exit code.
struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;  // "invalid_request"
  int http_status;
  int exit_code;
};

// The row of `code`. Immutable; thread-safe.
const ErrorCodeInfo& error_code_info(ErrorCode code);

// Message grammar: module, object, actual, expected, likely cause or way out.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace ams
