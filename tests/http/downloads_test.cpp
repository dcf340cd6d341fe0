// Models fetched over the API, from a Hub of the tests: the tiny checkpoints under their real
// names.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fake_hub.h"
#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr const char* kLyrics = "/api/v1/models/Qwen2.5-7B-Instruct/download";

class Downloads : public testing::Test {
 protected:
  Downloads() {
    add("Qwen/Qwen2.5-7B-Instruct", "", "Qwen2.5-7B-Instruct");
    add("ACE-Step/acestep-v15-xl-sft", "", "acestep-v15-xl-sft");
    for (const char* folder : {"vae", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B"}) {
      add("ACE-Step/Ace-Step1.5", std::string(folder) + "/", folder);
    }
  }
  ~Downloads() override {
    server_.reset();
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }

  // The tiny checkpoint of that name becomes part of a repository.
  void add(const std::string& repository, const std::string& prefix, const std::string& name) {
    const fs::path folder = fs::path(AMS_TEST_DATA_DIR) / "checkpoints" / name;
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      hub_.repositories[repository][prefix + entry.path().filename().string()] = {
          .bytes = {std::istreambuf_iterator<char>(file), {}},
          .is_large = entry.path().extension() == ".safetensors"};
    }
  }

  httplib::Client start(std::map<std::string, std::string> more = {},
                        std::vector<std::string> flags = {}) {
    std::string name = (fs::path(testing::TempDir()) / "ams-downloads-XXXXXX").string();
    home_ = mkdtemp(name.data());
    std::map<std::string, std::string> environment = {
        {"HF_ENDPOINT", hub_.hub().address()},
        {"HF_HUB_CACHE", (home_ / "hub").string()},
        {"AMS_MODEL_DIR", (home_ / "models").string()},
        {"no_proxy", "*"}};
    more.merge(environment);
    server_ = std::make_unique<ServerProcess>(ServerSetup{.flags = flags, .environment = more});
    return server_->client();
  }

  // The row of a model; null: it is not listed. Of the tests' own the untrained ones do not count.
  static Json model(httplib::Client& client, const std::string& name) {
    const Json list = json_of(client.Get("/api/v1/models")).at("models");
    for (int64_t i = 0; i < list.size(); ++i) {
      const Json row = list.at(i);
      if (row.get("name", "") == name && row.get("quality", "") == "full") return row;
    }
    return nullptr;
  }

  static Json download(httplib::Client& client, const std::string& path) {
    const auto answer = client.Post(path, "{}", "application/json");
    const Json job = json_of(answer);
    EXPECT_EQ(answer->status, 202) << job.dump();
    return wait_for_job(client, job.get("id", ""));
  }

  FakeHub hub_;
  fs::path home_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Downloads, bring_a_lyrics_model_that_writes_at_once) {
  httplib::Client client = start();
  EXPECT_FALSE(model(client, "Qwen2.5-7B-Instruct").get("present", true));
  EXPECT_TRUE(model(client, "Qwen2.5-7B-Instruct").get("downloadable", false));
  const Json job = download(client, kLyrics);
  EXPECT_EQ(job.get("state", ""), "done") << job.dump();
  EXPECT_EQ(job.get("kind", ""), "download");
  EXPECT_EQ(job.get("model", ""), "Qwen2.5-7B-Instruct");
  const Json events =
      json_of(client.Get("/api/v1/jobs/" + job.get("id", "") + "/events?format=json")).at("events");
  bool has_transfer = false;
  for (int64_t i = 0; i < events.size(); ++i) {
    const Json event = events.at(i);
    EXPECT_EQ(event.get("id", int64_t{0}), i + 1);
    if (event.get("kind", "") != "downloading" || event.at("transfer").is_null()) continue;
    has_transfer |= event.at("transfer").get("total", int64_t{0}) > 10'000;
  }
  EXPECT_TRUE(has_transfer);
  EXPECT_TRUE(model(client, "Qwen2.5-7B-Instruct").get("present", false));
  EXPECT_FALSE(model(client, "Qwen2.5-7B-Instruct").get("downloadable", true));
  EXPECT_EQ(client.Post(kLyrics, "{}", "application/json")->status, 200);  // it is there

  Json request = Json::object();
  request.set("mode", "lyrics");
  request.set("brief", "rain");
  request.set("max_new_tokens", 100);
  EXPECT_EQ(run_job(client, request).get("state", ""), "done");
}

TEST_F(Downloads, bring_a_song_model_that_the_next_song_uses) {
  httplib::Client client = start();
  EXPECT_TRUE(model(client, "acestep-v15-xl-sft").get("downloadable", false));
  const Json job = download(client, "/api/v1/models/xl-sft/download");
  EXPECT_EQ(job.get("state", ""), "done") << job.dump();
  const Json row = model(client, "acestep-v15-xl-sft");
  EXPECT_TRUE(row.get("present", false));
  EXPECT_TRUE(row.get("selected", false));
  const Json song = run_job(client, short_song());
  ASSERT_EQ(song.get("state", ""), "done") << song.dump();
  const Json result = json_of(client.Get("/api/v1/results/" + song.get("result_id", "")));
  EXPECT_EQ(result.at("metadata").at("models").get("dit", ""), "acestep-v15-xl-sft");
  EXPECT_EQ(song.at("warnings").size(), 0) << song.at("warnings").dump();  // no model of the tests
}

TEST_F(Downloads, can_be_stopped_and_go_on) {
  std::atomic<bool> is_slow = true;
  hub_.storage_fault = [&](const FakeRequest& request) -> std::optional<FakeReply> {
    FakeReply reply = hub_.stored(request);
    if (is_slow) reply.drip_bytes = 2000;
    return reply;
  };
  httplib::Client client = start();
  const Json job = json_of(client.Post(kLyrics, "{}", "application/json"));
  while (hub_.storage_requests() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  client.Delete("/api/v1/jobs/" + job.get("id", ""));
  EXPECT_EQ(wait_for_job(client, job.get("id", "")).get("state", ""), "cancelled");
  EXPECT_TRUE(model(client, "Qwen2.5-7B-Instruct").get("downloadable", false));
  is_slow = false;
  EXPECT_EQ(download(client, kLyrics).get("state", ""), "done");
}

TEST_F(Downloads, fail_with_a_problem_that_says_why) {
  hub_.hub_fault = [](const FakeRequest&) { return FakeReply{.status = 401}; };
  httplib::Client client = start();
  const Json job = download(client, kLyrics);
  EXPECT_EQ(job.get("state", ""), "failed");
  EXPECT_EQ(job.at("error").get("code", ""), "network");
  EXPECT_EQ(job.at("error").get("title", ""), "The download failed");
  EXPECT_THAT(job.at("error").get("message", ""), HasSubstr("401"));
  const auto unknown = client.Post("/api/v1/models/xxl/download", "{}", "application/json");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_THAT(json_of(unknown).get("message", ""), HasSubstr("xl-sft"));
}

TEST_F(Downloads, need_room_on_the_disk) {
  hub_.hub_fault = [this](const FakeRequest& request) -> std::optional<FakeReply> {
    if (!request.target.starts_with("/api/models/")) return std::nullopt;
    Json siblings = Json::array();
    for (int i = 10; i < 74; ++i) {  // of 1 TiB each
      Json lfs = Json::object();
      lfs.set("sha256", std::string(62, 'a') + std::to_string(i));
      lfs.set("size", int64_t{1} << 40);
      Json file = Json::object();
      file.set("rfilename", "model-" + std::to_string(i) + ".safetensors");
      file.set("size", int64_t{1} << 40);
      file.set("lfs", lfs);
      siblings.push_back(file);
    }
    Json listing = Json::object();
    listing.set("sha", hub_.commit);
    listing.set("siblings", siblings);
    return FakeReply{.body = listing.dump()};
  };
  httplib::Client client = start();
  const Json job = download(client, kLyrics);
  EXPECT_EQ(job.at("error").get("title", ""), "The disk is full") << job.dump();
  EXPECT_THAT(job.at("error").get("message", ""), HasSubstr("free"));
}

TEST_F(Downloads, do_not_happen_offline) {
  httplib::Client client = start({{"HF_HUB_OFFLINE", "1"}});
  EXPECT_TRUE(model(client, "Qwen2.5-7B-Instruct").is_null());
  const Json job = download(client, kLyrics);
  EXPECT_EQ(job.at("error").get("code", ""), "network");
  EXPECT_THAT(job.at("error").get("message", ""), HasSubstr("HF_HUB_OFFLINE"));
  EXPECT_TRUE(hub_.hub().requests().empty());
}

TEST_F(Downloads, are_not_for_strangers) {
  for (const auto& [name, value] : {std::pair("AMS_HOST", "0.0.0.0"),
                                    std::pair("AMS_ALLOWED_HOSTS", "music.example"),
                                    std::pair("SPACE_ID", "someone/studio")}) {
    httplib::Client client = start({{name, value}});
    const auto answer = client.Post(kLyrics, "{}", "application/json");
    EXPECT_EQ(answer->status, 403) << name;
    EXPECT_THAT(json_of(answer).get("message", ""), HasSubstr("AMS_TOKEN"));
    EXPECT_TRUE(model(client, "Qwen2.5-7B-Instruct").is_null());
  }
  EXPECT_TRUE(hub_.hub().requests().empty());
  httplib::Client client = start({{"AMS_HOST", "0.0.0.0"}, {"AMS_TOKEN", "secret"}});
  EXPECT_EQ(client.Post(kLyrics, "{}", "application/json")->status, 401);
  client.set_bearer_token_auth("secret");
  EXPECT_EQ(download(client, kLyrics).get("state", ""), "done");
}

}  // namespace
}  // namespace ams
