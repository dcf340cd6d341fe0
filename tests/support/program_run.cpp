#include "support/program_run.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ams {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> file_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

ProgramRunner::ProgramRunner(std::filesystem::path program, std::filesystem::path folder)
    : program_(std::move(program)), folder_(std::move(folder)) {}

pid_t ProgramRunner::start(std::vector<std::string> words,
                           const std::function<void()>& prepare) const {
  const pid_t child = fork();
  if (child != 0) return child;
  std::string name = program_.filename().string();
  std::vector<char*> argv{name.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto redirect = [this](const char* file, int to) {
    const std::filesystem::path path = outputs_.path() / file;
    dup2(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), to);
  };
  redirect("out", STDOUT_FILENO);
  redirect("err", STDERR_FILENO);
  prepare();
  if (chdir(folder_.c_str()) == 0) execvp(program_.c_str(), argv.data());
  _exit(99);
}

ProgramResult ProgramRunner::wait_for(pid_t child) const {
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = file_text(outputs_.path() / "out");
  result.err = err_so_far();
  result.processor_time =
      std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
      std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return result;
}

ProgramResult ProgramRunner::run(const std::vector<std::string>& words,
                                 const std::function<void()>& prepare) const {
  return wait_for(start(words, prepare));
}

}  // namespace ams
