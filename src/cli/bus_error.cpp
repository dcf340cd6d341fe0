#include "cli/bus_error.h"

#include <csignal>
#include <string_view>

#include <unistd.h>

#include "base/error.h"

namespace ams {
namespace {

// Only calls that are safe in the middle of anything; the table of codes is constant.
void handle_bus_error(int /*signal*/) {
  constexpr std::string_view kMessage =
      "ams: weights: a model file became shorter while it was in use; another program may have "
      "changed it; download the model again and leave its files alone while ams runs\n";
  const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(written < 0 ? 1 : error_code_info(ErrorCode::CorruptFile).exit_code);
}

}  // namespace

void report_bus_errors() {
  struct sigaction action {};
  action.sa_handler = handle_bus_error;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace ams
