// Starting, stopping, and what stays.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTinyLyricsModel = AMS_TEST_DATA_DIR "/checkpoints/Qwen2.5-7B-Instruct";
using testing::AllOf;
using testing::HasSubstr;

// A data folder that outlives a server.
class Lifecycle : public testing::Test {
 protected:
  Lifecycle() : folder_(fs::path(testing::TempDir()) / "ams-http-lifecycle") {
    fs::remove_all(folder_);
  }
  ~Lifecycle() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(Lifecycle, ports_in_use_are_named_with_their_variable) {
  const ServerProcess server;
  const FinishedProgram second = run_program_with({.port = server.port()});
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.text,
              AllOf(HasSubstr("port " + port), HasSubstr("PORT"), HasSubstr("--port")));
}

TEST_F(Lifecycle, one_data_folder_has_one_server) {
  const ServerProcess first({.data_folder = folder_});
  const FinishedProgram second = run_program_with({.data_folder = folder_});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.text, HasSubstr(folder_.string()));
}

TEST_F(Lifecycle, wrong_variables_stop_the_start) {
  const FinishedProgram port = run_program_with({.environment = {{"PORT", "seven"}}});
  EXPECT_EQ(port.exit_code, 2);
  EXPECT_THAT(port.text, AllOf(HasSubstr("PORT"), HasSubstr("seven")));
  const FinishedProgram queue = run_program_with({.environment = {{"AMS_QUEUE_MAX", "0"}}});
  EXPECT_EQ(queue.exit_code, 2);
  EXPECT_THAT(queue.text, HasSubstr("1 to 1000"));
  const FinishedProgram host = run_program_with({.flags = {"--host", "no.such.host.invalid"}});
  EXPECT_EQ(host.exit_code, 2);
}

TEST_F(Lifecycle, folders_that_cannot_be_written_stop_the_start) {
  fs::create_directories(folder_);
  const fs::path file = folder_ / "file";
  std::ofstream(file) << "x";
  const FinishedProgram finished = run_program_with({.data_folder = file});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.text, HasSubstr(file.string()));
}

TEST_F(Lifecycle, finished_results_survive_a_restart) {
  std::string result_id;
  std::string url;
  std::string bytes;
  {
    ServerProcess server({.data_folder = folder_});
    httplib::Client client = server.client();
    result_id = run_job(client, short_song()).get("result_id", "");
    const Json result = json_of(client.Get("/api/v1/results/" + result_id));
    url = result.at("files").at(int64_t{0}).get("url", "");
    bytes = client.Get(url)->body;
    EXPECT_EQ(server.stop(SIGTERM), 0);
  }
  const ServerProcess server({.data_folder = folder_});
  httplib::Client client = server.client();
  EXPECT_EQ(client.Get("/api/v1/results/" + result_id)->status, 200);
  EXPECT_EQ(client.Get(url)->body, bytes);
}

TEST_F(Lifecycle, a_killed_server_leaves_no_half_files) {
  {
    ServerProcess server({.data_folder = folder_});
    httplib::Client client = server.client();
    client.Post("/api/v1/jobs", long_song().dump(), "application/json");
    EXPECT_EQ(server.stop(SIGKILL), 128 + SIGKILL);
  }
  const ServerProcess server({.data_folder = folder_});
  EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
  httplib::Client client = server.client();
  EXPECT_EQ(json_of(client.Get("/api/v1/session")).at("jobs").size(), 0);
}

TEST_F(Lifecycle, idle_connections_do_not_delay_the_end) {
  ServerProcess server;
  httplib::Client client = server.client();
  client.set_keep_alive(true);
  client.Get("/healthz");
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(server.stop(SIGINT), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
}

// As the process was started last; entries end with a null byte.
std::string environment_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Lifecycle, computing_threads_wait_briefly_unless_told_otherwise) {
  const ServerProcess usual;
  EXPECT_THAT(environment_of(usual.pid()), HasSubstr(std::string("GOMP_SPINCOUNT=2000\0", 20)));
  const ServerProcess told({.environment = {{"GOMP_SPINCOUNT", "7"}}});
  EXPECT_THAT(environment_of(told.pid()), HasSubstr(std::string("GOMP_SPINCOUNT=7\0", 17)));
}

TEST_F(Lifecycle, doctor_looks_at_everything) {
  const FinishedProgram good = run_program_with({.command = "doctor"});
  EXPECT_EQ(good.exit_code, 0) << good.text;
  for (const char* name : {"device",
                           "memory",
                           "memory plan  a song of 4 minutes takes",
                           "song model",
                           "lyrics model",
                           "stem model",
                           "data folder",
                           "disk",
                           "codecs",
                           "port",
                           "page"}) {
    EXPECT_THAT(good.text, HasSubstr(name));
  }
}

TEST_F(Lifecycle, doctor_says_what_is_bad_and_what_to_do) {
  const ServerProcess server;
  const FinishedProgram bad = run_program_with({.command = "doctor", .port = server.port()});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.text, AllOf(HasSubstr("BAD   port"), HasSubstr("--port"), HasSubstr("1 of 11")));
}

TEST_F(Lifecycle, prompts_are_not_logged) {
  ServerProcess server;
  httplib::Client client = server.client();
  Json request = short_song();
  request.set("prompt", "a very private prompt");
  run_job(client, request);
  EXPECT_EQ(server.log().find("private"), std::string::npos);
}

TEST_F(Lifecycle, reads_what_the_environment_names) {
  const ServerProcess server({.environment = {{"AMS_CACHE_DIR", folder_.string()},
                                              {"AMS_PRELOAD", "pipeline, lyrics"},
                                              {"AMS_LYRICS_MODEL", kTinyLyricsModel},
                                              {"AMS_PRECISION", "q8_0"}}});
  httplib::Client client = server.client();
  Json info = json_of(client.Get("/api/v1/info"));
  EXPECT_EQ(info.get("precision", ""), "q8_0");
  const auto is_loaded = [&client] {
    const Json models = json_of(client.Get("/api/v1/models")).at("models");
    for (int64_t i = 0; i < models.size(); ++i) {
      if (models.at(i).get("loaded", false)) return true;
    }
    return false;
  };
  for (int i = 0; i < 2000 && !is_loaded(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(is_loaded());
  EXPECT_NE(server.log().find("lyrics networks are loaded"), std::string::npos);
  EXPECT_NE(server.log().find("song networks are loaded"), std::string::npos);
}

TEST_F(Lifecycle, refuses_words_that_it_does_not_know) {
  for (const auto& [name, value] :
       {std::pair("AMS_PRELOAD", "pipeline,everything"), std::pair("AMS_PRECISION", "f16")}) {
    const FinishedProgram program = run_program_with({.environment = {{name, value}}});
    EXPECT_EQ(program.exit_code, 2);
    EXPECT_NE(program.text.find(name), std::string::npos) << program.text;
  }
}

TEST_F(Lifecycle, says_which_planner_is_missing) {
  const std::string models = std::string(AMS_TEST_DATA_DIR) + "/checkpoints";
  const ServerProcess missing(
      {.environment = {{"AMS_MODEL_DIR", models}, {"ACE_LM_MODEL", "acestep-5Hz-lm-9B"}}});
  EXPECT_THAT(missing.log(), HasSubstr("the planner 'acestep-5Hz-lm-9B' is not in"));
  const ServerProcess found({.environment = {{"AMS_MODEL_DIR", models}, {"ACE_LM_MODEL", "1.7B"}}});
  EXPECT_THAT(found.log(), HasSubstr("acestep-v15-xl-sft with its planner"));
}

}  // namespace
}  // namespace ams
