// `ams pull` and `ams models` as black boxes, against a Hub of the tests.
#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "hub/fake_hub.h"
#include "support/safetensors_bytes.h"
#include "support/temporary_folder.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class PullCommand : public testing::Test {
 protected:
  PullCommand() {
    hub.files["config.json"] = {.bytes = R"({"model_type": "qwen2"})"};
    hub.files["model.safetensors"] = {
        .bytes = safetensors_bytes({{"w", {40'000}, test_values(40'000, 1), "F32"}}),
        .is_large = true};
    variables = {"HF_ENDPOINT=" + hub.hub().address(),
                 "HF_HUB_CACHE=" + cache().string(),
                 "AMS_MODEL_DIR=" + (folder_.path() / "models").string(),
                 "HF_HUB_ENABLE_HF_TRANSFER=1"};
  }

  fs::path cache() const { return folder_.path() / "cache"; }

  pid_t start(std::vector<std::string> words) {
    words.insert(words.begin(), "ams");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::array<std::string, 2> files{file("out"), file("err")};
    for (int i = 0; i < 2; ++i) {
      posix_spawn_file_actions_addopen(&actions,
                                       STDOUT_FILENO + i,
                                       files[static_cast<size_t>(i)].c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC,
                                       0600);
    }
    pid_t child = -1;
    EXPECT_EQ(
        posix_spawn(&child, AMS_TEST_PROGRAM, &actions, nullptr, argv.data(), environment.data()),
        0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  int ams(const std::vector<std::string>& words) { return wait_for(start(words)); }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TemporaryFolder folder_;
  FakeHub hub;
  std::vector<std::string> variables;
};

TEST_F(PullCommand, fetches_a_repository_that_models_then_lists) {
  EXPECT_EQ(ams({"pull", "org/name"}), 0) << text("err");
  EXPECT_THAT(text("out"), testing::ContainsRegex("org/name: [0-9.]+ kB, [0-9.]+ kB fetched"));
  EXPECT_THAT(text("err"), HasSubstr("downloading ["));
  EXPECT_EQ(ams({"models", "--json"}), 0) << text("err");
  const Json document = Json::parse(text("out"), "models");
  const Json model = document.at("models").at(int64_t{0});
  EXPECT_EQ(model.at("role").as_string(), "lyrics");
  EXPECT_EQ(model.at("name").as_string(), "name");
  EXPECT_EQ(model.at("precision").as_string(), "f32");
  EXPECT_GT(model.at("bytes").as_int(), 160'000);
  EXPECT_EQ(document.at("uses").at("lyrics").at("model").as_string(), "name");
  EXPECT_TRUE(document.at("uses").at("song").at("model").is_null());
}

TEST_F(PullCommand, says_when_nothing_had_to_come) {
  ams({"pull", "org/name"});
  EXPECT_EQ(ams({"pull", "org/name"}), 0);
  EXPECT_THAT(text("out"), HasSubstr("all of it was here"));
}

TEST_F(PullCommand, quiet_prints_nothing) {
  EXPECT_EQ(ams({"pull", "org/name", "--quiet"}), 0);
  EXPECT_EQ(text("out") + text("err"), "");
}

TEST_F(PullCommand, folder_and_revision_are_obeyed) {
  EXPECT_EQ(ams({"pull", "org/name", "--dir", file("plain"), "--revision", hub.commit}), 0);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(file("plain/name/model.safetensors"))));
  EXPECT_FALSE(fs::exists(cache()));
  EXPECT_EQ(hub.hub().requests().front().target,
            "/api/models/org/name/revision/" + hub.commit + "?blobs=true");
}

TEST_F(PullCommand, list_needs_no_network) {
  EXPECT_EQ(ams({"pull", "--list"}), 0);
  EXPECT_THAT(text("out"), testing::ContainsRegex("xl-sft +25.2 GB +-"));
  EXPECT_EQ(ams({"pull", "--list", "org/name"}), 0);
  EXPECT_THAT(hub.hub().requests(), IsEmpty());
  ams({"pull", "org/name"});
  EXPECT_EQ(ams({"pull", "--list", "org/name"}), 0);
  EXPECT_THAT(text("out"), HasSubstr("installed"));
}

TEST_F(PullCommand, interrupt_leaves_what_the_next_call_continues) {
  hub.storage_fault = [this](const FakeRequest& request) {
    FakeReply reply = hub.stored(request);
    reply.drip_bytes = 2'000;
    return reply;
  };
  const pid_t child = start({"pull", "org/name"});
  while (hub.storage().body_bytes_sent() < 20'000) usleep(10'000);
  kill(child, SIGINT);
  EXPECT_EQ(wait_for(child), 130);
  EXPECT_THAT(text("err"), HasSubstr("ams: hub: cancelled"));
  hub.storage_fault = nullptr;
  EXPECT_EQ(ams({"pull", "--list", "org/name"}), 0);
  EXPECT_THAT(text("out"), testing::ContainsRegex("[0-9.]+ kB of it"));
  EXPECT_EQ(ams({"pull", "org/name"}), 0);
  const auto bytes = static_cast<int64_t>(hub.files["model.safetensors"].bytes.size());
  // What was on its way when the process ended is lost, not what it had.
  EXPECT_LT(hub.storage().body_bytes_sent(), bytes + 16'000);
}

TEST_F(PullCommand, errors_have_the_exit_codes_of_the_table) {
  EXPECT_EQ(ams({"pull"}), 2);
  EXPECT_THAT(text("err"), HasSubstr("--list"));
  EXPECT_EQ(ams({"pull", "nothing"}), 3);
  EXPECT_EQ(ams({"pull", "org/other"}), 3);
  EXPECT_EQ(ams({"pull", "Chinese Rap"}), 5);
  hub.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 403}; };
  EXPECT_EQ(ams({"pull", "org/name"}), 7);
  EXPECT_THAT(text("err"), HasSubstr("HF_TOKEN"));
  variables.emplace_back("HF_HUB_OFFLINE=1");
  EXPECT_EQ(ams({"pull", "org/name"}), 7);
  EXPECT_THAT(text("err"), HasSubstr("HF_HUB_OFFLINE"));
}

TEST_F(PullCommand, token_of_the_environment_is_sent_and_never_printed) {
  variables.emplace_back("HF_TOKEN=hf_secret");
  variables.emplace_back("AMS_LOG_LEVEL=debug");
  EXPECT_EQ(ams({"pull", "org/name"}), 0);
  EXPECT_EQ(hub.hub().requests().front().headers.at("authorization"), "Bearer hf_secret");
  EXPECT_THAT(text("out") + text("err"), Not(HasSubstr("hf_secret")));
}

}  // namespace
}  // namespace ams
