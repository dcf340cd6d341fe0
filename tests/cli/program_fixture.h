// Runs the program AMS_TEST_PROGRAM in a folder of its own.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/types.h>

#include "support/program_run.h"
#include "support/temporary_folder.h"

namespace ams {

class CommandLine : public testing::Test {
 protected:
  pid_t start(std::vector<std::string> words) const { return program_.start(std::move(words)); }
  ProgramResult wait_for(pid_t child) const { return program_.wait_for(child); }
  ProgramResult ams(const std::vector<std::string>& words) const { return program_.run(words); }

  // Expects exit code `code`, one line that contains `text` on standard error, and no file.
  void expect_error(const std::vector<std::string>& words, int code, const std::string& text) const;

  std::vector<std::string> files() const { return file_names(folder_); }

  const TemporaryFolder home_;
  const std::filesystem::path folder_ = home_.path();
  const ProgramRunner program_{AMS_TEST_PROGRAM, folder_};
};

}  // namespace ams
