// A pull in a process of its own, for tests that kill it, run two or take rights away:
//   pull_process ENDPOINT CACHE MODELS PIECE_BYTES [nobody] [max_file=BYTES]
// Prints the folder; exits with the code of the error.
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "hub/pull.h"

namespace {

// Without the checks at exit: a leak checker may not look into a process that changed its user.
[[noreturn]] void end(int code) {
  std::cout.flush();
  std::_Exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ams;
  if (argc < 5) return 99;
  std::signal(SIGXFSZ, SIG_IGN);
  for (int i = 5; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "nobody" && geteuid() == 0 && seteuid(65534) != 0) return 98;
    if (word.starts_with("max_file=")) {
      const auto bytes = static_cast<rlim_t>(std::atoll(argv[i] + 9));
      const rlimit limit{bytes, bytes};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
  }
  HubOptions options;
  options.endpoint = argv[1];
  options.cache = argv[2];
  options.models = argv[3];
  options.piece_bytes = std::atoll(argv[4]);
  options.first_delay = std::chrono::milliseconds(20);
  const std::array<PullItem, 1> items{RepositoryFiles{.repository = "org/name"}};
  try {
    std::cout << pull(items, options, {}).front().folder.string() << std::endl;
    if (geteuid() != getuid()) end(0);
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << std::endl;
    return error_code_info(error.code()).exit_code;
  }
}
