// Disks that are full, turn read-only or come back, and servers that are killed while they write.
// Needs the right to mount (a container of a CI often has it): without it the disk's tests are
// skipped.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLarge = "size=1500m";  // above what the server keeps free

// A disk of its own for the data folder.
class Disk : public testing::Test {
 protected:
  Disk() : folder_(fs::path(testing::TempDir()) / "ams-http-disk") {}

  void SetUp() override {
    fs::create_directories(folder_);
    if (mount("tmpfs", folder_.c_str(), "tmpfs", 0, kLarge) != 0) {
      GTEST_SKIP() << "no right to mount: " << std::strerror(errno);
    }
    mounted_ = true;
  }

  void TearDown() override {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
    std::error_code error;
    fs::remove(folder_, error);
  }

  void resize(const char* options) {
    ASSERT_EQ(mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, options), 0)
        << std::strerror(errno);
  }

  // As a disk turns after an error. A view that is read-only is laid over the folder, because the
  // disk itself is in use: the server's lock is open.
  void make_read_only() {
    ASSERT_EQ(mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
              0)
        << std::strerror(errno);
  }
  void make_writable() { ASSERT_EQ(umount2(folder_.c_str(), MNT_DETACH), 0); }

  // What a user is told when a job cannot be kept: the cause, but no path of the machine.
  static void expect_told(const Json& job, const std::string& cause) {
    EXPECT_EQ(job.get("state", ""), "failed") << job.dump();
    const std::string message = job.at("error").get("message", "");
    EXPECT_THAT(message, AllOf(HasSubstr(cause), Not(HasSubstr("ams-http-disk"))));
  }

  fs::path folder_;
  bool mounted_ = false;
};

std::string first_file(httplib::Client& client, const Json& job) {
  const Json result = json_of(client.Get("/api/v1/results/" + job.get("result_id", "")));
  return result.at("files").at(int64_t{0}).get("url", "");
}

TEST_F(Disk, a_full_one_fails_the_job_and_harms_nothing_else) {
  ServerProcess server({.data_folder = folder_});
  httplib::Client client = server.client();
  const std::string song = first_file(client, run_job(client, short_song()));
  const std::string bytes = client.Get(song)->body;
  resize("size=8m");
  expect_told(run_job(client, short_song()), "no space");
  const auto upload =
      client.Post("/api/v1/uploads?role=ref_audio", wav_bytes(4), "application/octet-stream");
  EXPECT_GE(upload->status, 400);
  EXPECT_THAT(upload->body, HasSubstr("no space"));
  EXPECT_EQ(client.Get(song)->body, bytes);
  resize(kLarge);
  EXPECT_EQ(run_job(client, short_song()).get("state", ""), "done");
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

TEST_F(Disk, a_read_only_one_fails_the_job_and_harms_nothing_else) {
  ServerProcess server({.data_folder = folder_});
  httplib::Client client = server.client();
  const std::string song = first_file(client, run_job(client, short_song()));
  const std::string bytes = client.Get(song)->body;
  make_read_only();
  const Json job = run_job(client, short_song());
  EXPECT_EQ(job.get("state", ""), "failed") << job.dump();
  EXPECT_THAT(job.at("error").get("message", ""), Not(HasSubstr("ams-http-disk")));
  const auto upload =
      client.Post("/api/v1/uploads?role=ref_audio", wav_bytes(4), "application/octet-stream");
  EXPECT_GE(upload->status, 500);
  EXPECT_EQ(client.Get(song)->body, bytes);
  make_writable();
  EXPECT_EQ(run_job(client, short_song()).get("state", ""), "done");
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

// The studio's own test kills thirty times at random moments of quick fake songs (kill_test.cpp);
// here the program is killed while a real song is read, sampled, decoded and saved.
TEST(Killed, at_any_moment_serves_whole_songs_only) {
  const fs::path folder = fs::path(testing::TempDir()) / "ams-http-killed";
  fs::remove_all(folder);
  std::mt19937 random(11);
  std::uniform_int_distribution<int> moment(0, 1500);
  std::vector<std::string> finished;
  for (int round = 0; round < 30; ++round) {
    ServerProcess server({.data_folder = folder});
    httplib::Client client = server.client();
    EXPECT_TRUE(fs::is_empty(folder / "tmp")) << round;
    for (const std::string& id : finished) {
      const Json result = json_of(client.Get("/api/v1/results/" + id));
      const Json file = result.at("files").at(int64_t{0});
      const auto answer = client.Get(file.get("url", ""));
      ASSERT_EQ(answer->status, 200);
      EXPECT_EQ(static_cast<int64_t>(answer->body.size()), file.at("bytes").as_int());
    }
    const auto posted = client.Post("/api/v1/jobs", short_song().dump(), "application/json");
    ASSERT_EQ(posted->status, 202) << posted->body;
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    const Json job = json_of(client.Get("/api/v1/jobs/" + json_of(posted).get("id", "")));
    if (job.get("state", "") == "done") finished.push_back(job.get("result_id", ""));
    EXPECT_EQ(server.stop(SIGKILL), 128 + SIGKILL);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ams
