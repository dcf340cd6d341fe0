// Faults from inside the machine, met by the real program: a model whose file is cut off, memory
// that does not suffice, a date that jumps. (Disks and kill -9: disk_test.cpp; clients:
// hostile_test.cpp, uploads_test.cpp.)
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTinyModels = AMS_TEST_DATA_DIR "/checkpoints";

class Faults : public testing::Test {
 protected:
  Faults() : folder_(fs::path(testing::TempDir()) / "ams-http-faults") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Faults() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(Faults, a_job_that_throws_says_why_and_does_not_harm_the_next) {
  const fs::path bundle = folder_ / "broken";
  fs::create_directories(bundle);
  for (const char* part :
       {"acestep-v15-xl-sft", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B", "vae"}) {
    fs::copy(fs::path(kTinyModels) / part, bundle / part, fs::copy_options::recursive);
  }
  const fs::path weights = bundle / "acestep-v15-xl-sft" / "model.safetensors";
  fs::permissions(weights, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(weights, fs::file_size(weights) / 2);
  ServerProcess server(
      {.flags = {"--model", "demo"}, .environment = {{"AMS_MODEL_DIR", folder_.string()}}});
  httplib::Client client = server.client();
  Json request = short_song();
  request.set("model", "broken");
  const Json failed = run_job(client, request);
  EXPECT_EQ(failed.get("state", ""), "failed") << failed.dump();
  EXPECT_EQ(failed.at("error").get("code", ""), "corrupt_file") << failed.dump();
  EXPECT_THAT(failed.at("error").get("message", ""), Not(HasSubstr(folder_.string())));
  const Json next = run_job(client, short_song());
  EXPECT_EQ(next.get("state", ""), "done") << next.dump();
  EXPECT_TRUE(fs::is_empty(server.data_folder() / "tmp"));
}

TEST_F(Faults, memory_that_does_not_suffice_is_said_with_the_way_out) {
  ServerProcess server({.flags = {"--memory-limit", "64M"}});
  httplib::Client client = server.client();
  const Json failed = run_job(client, short_song());
  EXPECT_EQ(failed.get("state", ""), "failed") << failed.dump();
  EXPECT_EQ(failed.at("error").get("code", ""), "out_of_memory") << failed.dump();
  EXPECT_GT(failed.at("error").at("actions").size(), 0);
  EXPECT_EQ(json_of(client.Get("/api/v1/history")).at("items").size(), 0);
  EXPECT_TRUE(fs::is_empty(server.data_folder() / "tmp"));
  EXPECT_EQ(client.Get("/readyz")->status, 200);
}

TEST_F(Faults, a_date_that_jumps_loses_no_song_and_stops_no_job) {
#ifdef AMS_TEST_IS_SANITIZED
  GTEST_SKIP() << "a sanitizer wants to be the first library";
#endif
  const fs::path shift = folder_ / "shift";
  const auto set_shift = [&](int64_t seconds) { std::ofstream(shift) << seconds; };
  set_shift(0);
  ServerProcess server({.environment = {{"LD_PRELOAD", AMS_TEST_CLOCK_LIBRARY},
                                        {"AMS_TEST_CLOCK", shift.string()}}});
  httplib::Client client = server.client();
  constexpr int64_t kDay = 86'400;
  std::vector<std::string> results;
  std::vector<std::string> dates;
  for (const int64_t days : {0, -400, 400}) {
    const auto posted = client.Post("/api/v1/jobs", short_song().dump(), "application/json");
    ASSERT_EQ(posted->status, 202) << posted->body;
    set_shift(days * kDay);  // while it runs
    const Json job = wait_for_job(client, json_of(posted).get("id", ""));
    EXPECT_EQ(job.get("state", ""), "done") << days << " " << job.dump();
    results.push_back(job.get("result_id", ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // a clean-up may run
    for (const std::string& id : results) {
      const auto result = client.Get("/api/v1/results/" + id);
      ASSERT_EQ(result->status, 200) << days << " " << result->body;
      const Json file = json_of(result).at("files").at(int64_t{0});
      EXPECT_EQ(client.Get(file.get("url", ""))->status, 200);
    }
    const Json made = json_of(client.Get("/api/v1/results/" + results.back()));
    dates.push_back(made.at("metadata").get("created_at", ""));
  }
  EXPECT_LT(dates[1], dates[0]);  // the jumps were seen
  EXPECT_LT(dates[0], dates[2]);
  EXPECT_EQ(server.stop(SIGTERM), 0);
}

}  // namespace
}  // namespace ams
