// Several processes, processes that die, and processes without rights.
#include <array>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sha256.h"
#include "hub/hub_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Processes : public HubTest {
 protected:
  pid_t start(const std::vector<std::string>& extra_words = {},
              const std::string& variable = "NO_VARIABLE=1") const {
    std::vector<std::string> words{AMS_TEST_PULL_PROCESS,
                                   options.endpoint,
                                   options.cache.string(),
                                   options.models.string(),
                                   std::to_string(options.piece_bytes)};
    words.insert(words.end(), extra_words.begin(), extra_words.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string setting = variable;
    std::array<char*, 2> environment{setting.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string err = (folder_.path() / "err").string();
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    EXPECT_EQ(
        posix_spawn(
            &child, AMS_TEST_PULL_PROCESS, &actions, nullptr, argv.data(), environment.data()),
        0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  // The exit code, or 128 + signal.
  int wait_for(pid_t child) const {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string errors() const { return text_of(folder_.path() / "err"); }

  void expect_right_file() {
    EXPECT_EQ(text_of(snapshot() / "model.safetensors"), hub.files["model.safetensors"].bytes);
  }

  void drip() {
    hub.storage_fault = [this](const FakeRequest& request) {
      FakeReply reply = hub.stored(request);
      reply.drip_bytes = 2'000;
      return reply;
    };
  }
};

TEST_F(Processes, two_at_once_fetch_each_byte_once) {
  drip();
  const pid_t first = start();
  const pid_t second = start();
  EXPECT_EQ(wait_for(first), 0) << errors();
  EXPECT_EQ(wait_for(second), 0) << errors();
  expect_right_file();
  EXPECT_EQ(hub.storage().body_bytes_sent(), 300'000);
}

TEST_F(Processes, that_are_killed_leave_what_the_next_one_continues) {
  // The journal is written about once a second.
  hub.files["model.safetensors"].bytes = test_bytes(1'000'000);
  drip();
  const pid_t child = start();
  const fs::path partial = repository_folder() / "blobs" /
                           (sha256_of(hub.files["model.safetensors"].bytes) + ".ams-part");
  const LocalItem none = find_local(RepositoryFiles{.repository = "org/name"}, options);
  EXPECT_EQ(none.unfinished_bytes, 0);
  int64_t kept = 0;
  for (int i = 0; i < 500 && kept < 100'000; ++i) {
    usleep(10'000);
    kept = find_local(RepositoryFiles{.repository = "org/name"}, options).unfinished_bytes;
  }
  kill(child, SIGKILL);
  EXPECT_EQ(wait_for(child), 128 + SIGKILL);
  ASSERT_GE(kept, 100'000);
  hub.storage_fault = nullptr;
  EXPECT_LE(pull_all().bytes_fetched, 1'000'000 - kept);
  expect_right_file();
}

TEST_F(Processes, on_a_full_disk_keep_what_they_have) {
  EXPECT_EQ(start({"max_file=100000"}) > 0 ? wait_for(-1) : -1, 6) << errors();
  EXPECT_THAT(errors(), HasSubstr("free some space"));
  EXPECT_FALSE(fs::exists(snapshot() / "model.safetensors"));
  const int64_t kept =
      find_local(RepositoryFiles{.repository = "org/name"}, options).unfinished_bytes;
  EXPECT_GT(kept, 0);
  EXPECT_EQ(pull_all().bytes_fetched, 300'000 - kept);
  expect_right_file();
}

TEST_F(Processes, with_a_read_only_cache_link_to_it_and_write_elsewhere) {
  options.cache = folder_.path() / "shared";
  pull_patterns({"*.safetensors"});
  fs::remove_all(options.cache / ".locks");
  for (const auto& entry : fs::recursive_directory_iterator(options.cache)) {
    if (entry.is_symlink()) continue;
    fs::permissions(entry, entry.is_directory() ? fs::perms{0555} : fs::perms{0444});
  }
  fs::permissions(options.cache, fs::perms{0555});
  fs::permissions(folder_.path(), fs::perms{0777});
  const int64_t sent = hub.storage().body_bytes_sent();
  EXPECT_EQ(wait_for(start({"nobody"})), 0) << errors();
  const fs::path written = options.models / "models--org--name/snapshots" / hub.commit;
  EXPECT_EQ(text_of(written / "config.json"), hub.files["config.json"].bytes);
  EXPECT_EQ(fs::canonical(written / "model.safetensors"),
            fs::canonical(snapshot() / "model.safetensors"));
  EXPECT_EQ(hub.storage().body_bytes_sent(), sent);
  EXPECT_FALSE(fs::exists(snapshot() / "config.json"));
  for (const auto& entry : fs::recursive_directory_iterator(options.cache)) {
    if (entry.is_directory()) fs::permissions(entry, fs::perms{0755});
  }
  fs::permissions(options.cache, fs::perms{0755});
}

TEST_F(Processes, use_the_proxy_of_the_environment) {
  // A proxy is asked for whole addresses.
  FakeServer proxy([this](const FakeRequest& request) {
    FakeRequest inner = request;
    const std::string prefix = "http://hub.invalid";
    if (!request.target.starts_with(prefix)) return FakeReply{.status = 404};
    inner.target = request.target.substr(prefix.size());
    if (inner.target.starts_with("/api/")) {
      return FakeReply{.body = R"({"sha": ")" + hub.commit +
                               R"(", "siblings": [{"rfilename": "a.json", "size": 2, "blobId": ")" +
                               git_blob_sha1("{}") + R"("}]})"};
    }
    return ranged(inner, "{}", "e");
  });
  options.endpoint = "http://hub.invalid";
  EXPECT_EQ(wait_for(start({}, "http_proxy=" + proxy.address())), 0) << errors();
  EXPECT_EQ(text_of(snapshot() / "a.json"), "{}");
}

}  // namespace
}  // namespace ams
