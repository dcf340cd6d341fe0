// Runs the program AMS_TEST_PROGRAM in a folder of its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

namespace ams {

struct Result {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;
  std::string err;
  std::chrono::microseconds processor_time{};
};

std::string text_of(const std::filesystem::path& path);

class CommandLine : public testing::Test {
 protected:
  CommandLine();
  ~CommandLine() override;

  // Starts the program in folder_ with its output in files.
  pid_t start(std::vector<std::string> words) const;
  Result wait_for(pid_t child) const;
  Result ams(const std::vector<std::string>& words) const { return wait_for(start(words)); }

  // Expects exit code `code`, one line that contains `text` on standard error, and no file.
  void expect_error(const std::vector<std::string>& words, int code, const std::string& text) const;

  std::vector<std::string> files() const;

  const std::string id_ = std::to_string(getpid());
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("ams_cli_" + id_);
  std::filesystem::path out_ = std::filesystem::path(testing::TempDir()) / ("ams_cli_out_" + id_);
  std::filesystem::path err_ = std::filesystem::path(testing::TempDir()) / ("ams_cli_err_" + id_);
};

}  // namespace ams
