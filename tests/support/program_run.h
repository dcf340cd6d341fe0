// Runs a program as a black box: words in, exit code and output out.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "support/temporary_folder.h"

namespace ams {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;
  std::string err;
  std::chrono::microseconds processor_time{};
};

// The whole file; empty if it is not there.
std::string file_text(const std::filesystem::path& path);

// Names of what lies in a folder.
std::vector<std::string> file_names(const std::filesystem::path& folder);

// A program and the folder that it runs in. Its output goes to files elsewhere.
class ProgramRunner {
 public:
  ProgramRunner(std::filesystem::path program, std::filesystem::path folder);

  // Starts it; `prepare` runs in the new process first.
  pid_t start(
      std::vector<std::string> words, const std::function<void()>& prepare = [] {}) const;
  ProgramResult wait_for(pid_t child) const;
  ProgramResult run(
      const std::vector<std::string>& words, const std::function<void()>& prepare = [] {}) const;

  // What it has written to standard error so far.
  std::string err_so_far() const { return file_text(outputs_.path() / "err"); }

 private:
  std::filesystem::path program_;
  std::filesystem::path folder_;
  TemporaryFolder outputs_;
};

}  // namespace ams
