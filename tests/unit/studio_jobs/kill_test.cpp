// kill -9 at random moments: after each, the folder is whole again at the next start.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "audio/decode.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

constexpr int kKills = 30;

// A child process and the lines that it prints.
class Victim {
 public:
  Victim(const fs::path& folder, const std::string& session) {
    int ends[2];
    if (pipe(ends) != 0) throw Error(ErrorCode::Internal, "test: no pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      execl(AMS_KILL_VICTIM, AMS_KILL_VICTIM, folder.c_str(), session.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    out_ = fdopen(ends[0], "r");
  }
  ~Victim() { std::fclose(out_); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  // The next line; empty at the end.
  std::string line() {
    std::string text;
    for (int c = std::getc(out_); c != EOF && c != '\n'; c = std::getc(out_)) {
      text += static_cast<char>(c);
    }
    return text;
  }
  // Returns what it had printed and nobody had read, but for a line that was cut off.
  std::vector<std::string> kill() {
    ::kill(child_, SIGKILL);
    int status = 0;
    waitpid(child_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it had ended by itself";
    std::vector<std::string> lines;
    for (std::string text = line(); !text.empty(); text = line()) lines.push_back(text);
    return lines;
  }

 private:
  pid_t child_ = -1;
  std::FILE* out_ = nullptr;
};

class StudioKill : public StudioFixture {
 protected:
  // Everything that was finished is there; what is served is a whole song (of the newest ones,
  // because decoding all of them each time takes too long).
  void expect_whole(const std::string& session, const std::vector<std::string>& results) {
    constexpr size_t kDecoded = 12;
    for (size_t i = 0; i < results.size(); ++i) {
      const ResultView result = studio().result(session, results[i]);
      ASSERT_FALSE(result.files.empty());
      if (i + kDecoded < results.size()) continue;
      for (const ResultFile& file : result.files) {
        const StoredFile stored = studio().file(file.file_id);
        EXPECT_EQ(static_cast<int64_t>(fs::file_size(stored.path)), stored.bytes);
        EXPECT_NEAR(decode_audio_file(stored.path, {}).audio.seconds(), 0.5, 1e-3);
      }
    }
    EXPECT_THAT(files_in("tmp"), IsEmpty());
  }
};

TEST_F(StudioKill, thirty_times_at_a_random_moment_loses_and_serves_nothing_wrong) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> songs(0, 2);    // that it finishes first
  std::uniform_int_distribution<int> moment(0, 40);  // ms after that
  std::vector<std::string> finished;
  for (int round = 0; round < kKills; ++round) {
    Victim victim(options().data_folder, kAnna);
    ASSERT_EQ(victim.line(), "ready");
    for (int song = songs(random); song > 0; --song) finished.push_back(victim.line());
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    for (const std::string& id : victim.kill()) finished.push_back(id);
    StudioOptions many = options();
    many.max_results = 100000;
    start(many);
    expect_whole(kAnna, finished);
    studio_.reset();
  }
  EXPECT_FALSE(finished.empty());
}

}  // namespace
}  // namespace ams
