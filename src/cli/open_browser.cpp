#include "cli/open_browser.h"

#include <array>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

extern char** environ;

namespace ams {
namespace {

#ifdef __APPLE__
constexpr const char* kOpener = "open";
#else
constexpr const char* kOpener = "xdg-open";
#endif

// The exit code of `program address`, quiet; -1 if it could not be started.
int run_quietly(const char* program, std::string address) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program;
  std::array<char*, 3> words{name.data(), address.data(), nullptr};
  pid_t child = 0;
  const int failure = posix_spawnp(&child, program, &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (failure != 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

void open_browser(const std::string& address) {
  if (run_quietly(kOpener, address) == 0) return;
  log(LogLevel::Warning, "cli", str("no browser could be opened; visit ", address));
}

}  // namespace ams
