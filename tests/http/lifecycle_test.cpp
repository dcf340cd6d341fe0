// Starting, stopping, and what stays.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
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

TEST_F(Lifecycle, doctor_looks_at_everything) {
  const FinishedProgram good = run_program_with({.command = "doctor"});
  EXPECT_EQ(good.exit_code, 0) << good.text;
  for (const char* name : {"device",
                           "memory",
                           "song model",
                           "lyrics model",
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
  EXPECT_THAT(bad.text, AllOf(HasSubstr("BAD   port"), HasSubstr("--port"), HasSubstr("1 of 9")));
}

TEST_F(Lifecycle, prompts_are_not_logged) {
  ServerProcess server;
  httplib::Client client = server.client();
  Json request = short_song();
  request.set("prompt", "a very private prompt");
  run_job(client, request);
  EXPECT_EQ(server.log().find("private"), std::string::npos);
}

}  // namespace
}  // namespace ams
