#include "cli/program_fixture.h"

#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

}  // namespace

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

CommandLine::CommandLine() { fs::create_directories(folder_); }

CommandLine::~CommandLine() {
  fs::permissions(folder_, fs::perms::owner_all);
  fs::remove_all(folder_);
  fs::remove(out_);
  fs::remove(err_);
}

pid_t CommandLine::start(std::vector<std::string> words) const {
  const pid_t child = fork();
  if (child != 0) return child;
  std::vector<char*> argv{const_cast<char*>("ams")};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (chdir(folder_.c_str()) == 0) execv(AMS_TEST_PROGRAM, argv.data());
  _exit(99);
}

Result CommandLine::wait_for(pid_t child) const {
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const std::chrono::microseconds time =
      std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
      std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return {code, text_of(out_), text_of(err_), time};
}

void CommandLine::expect_error(const std::vector<std::string>& words,
                               int code,
                               const std::string& text) const {
  const Result result = ams(words);
  EXPECT_EQ(result.exit_code, code) << result.err;
  EXPECT_THAT(result.err, AllOf(StartsWith("ams: "), HasSubstr(text)));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(files(), IsEmpty());
}

std::vector<std::string> CommandLine::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace ams
