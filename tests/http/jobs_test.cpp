// From a request to a song: jobs, events, results, and the one-request surface.
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

using testing::Each;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct SentEvent {
  int64_t id;
  std::string kind;
  Json data;
};

// The events of a stream's body.
std::vector<SentEvent> events_in(const std::string& body) {
  std::vector<SentEvent> events;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = body.find("\n\n", begin);
    const std::string block = body.substr(begin, end - begin);
    const size_t event = block.find("\nevent: ");
    const size_t data = block.find("\ndata: ");
    events.push_back({std::stoll(block.substr(4)),
                      block.substr(event + 8, data - event - 8),
                      Json::parse(block.substr(data + 7), "event")});
    begin = end + 2;
  }
  return events;
}

class Jobs : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // A session of its own for each test: a session has one song at a time.
  Jobs()
      : session_(std::string("session-") +
                 testing::UnitTest::GetInstance()->current_test_info()->name()),
        client_(server_->client(session_.substr(0, 60))) {}

  std::string start(const Json& request) {
    const Json job = json_of(client_.Post("/api/v1/jobs", request.dump(), "application/json"));
    return job.get("id", "");
  }

  static std::unique_ptr<ServerProcess> server_;
  std::string session_;
  httplib::Client client_;
};
std::unique_ptr<ServerProcess> Jobs::server_;

TEST_F(Jobs, songs_have_the_length_and_seed_that_were_asked_for) {
  const Json job = run_job(client_, short_song(5));
  ASSERT_EQ(job.get("state", ""), "done") << job.dump();
  const Json result = json_of(client_.Get("/api/v1/results/" + job.at("result_id").as_string()));
  EXPECT_NEAR(result.at("duration_s").as_double(), 5.0, 0.1);
  EXPECT_EQ(result.at("metadata").at("seed"), Json(7));
  EXPECT_EQ(result.get("label", ""), "soft piano");
  const Json file = result.at("files").at(int64_t{0});
  EXPECT_EQ(file.get("role", ""), "song");
  EXPECT_GT(file.at("peaks").at("min").size(), 100);
  const Json history = json_of(client_.Get("/api/v1/history"));
  EXPECT_EQ(history.at("items").at(int64_t{0}).at("result_id"), result.at("id"));
}

TEST_F(Jobs, streams_tell_everything_in_order_and_end) {
  const std::string id = start(short_song());
  const auto stream = client_.Get("/api/v1/jobs/" + id + "/events");
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->get_header_value("Content-Type"), "text/event-stream");
  EXPECT_EQ(stream->get_header_value("X-Accel-Buffering"), "no");
  EXPECT_EQ(stream->get_header_value("Cache-Control"), "no-store");
  EXPECT_EQ(stream->get_header_value("Content-Encoding"), "");
  const std::vector<SentEvent> events = events_in(stream->body);
  int64_t expected = 1;
  bool has_diffusion = false;
  for (const SentEvent& event : events) {
    if (event.kind == "heartbeat") continue;
    EXPECT_EQ(event.id, expected++);
    EXPECT_EQ(event.data.at("id"), Json(event.id));
    EXPECT_EQ(event.data.at("kind"), Json(event.kind));
    has_diffusion = has_diffusion || event.kind == "diffusion";
  }
  EXPECT_TRUE(has_diffusion);
  EXPECT_EQ(events.back().kind, "done");
}

TEST_F(Jobs, streams_go_on_after_the_number_that_was_seen) {
  const std::string id = start(short_song());
  wait_for_job(client_, id);
  const std::string path = "/api/v1/jobs/" + id + "/events";
  const std::vector<SentEvent> all = events_in(client_.Get(path)->body);
  const auto rest = events_in(client_.Get(path, {{"Last-Event-ID", "3"}})->body);
  ASSERT_EQ(rest.size() + 3, all.size());
  EXPECT_EQ(rest.front().id, 4);
  EXPECT_EQ(events_in(client_.Get(path + "?after=3")->body).size(), rest.size());
  const Json polled = json_of(client_.Get(path + "?format=json&after=3"));
  EXPECT_EQ(polled.at("events").size(), static_cast<int64_t>(rest.size()));
  EXPECT_EQ(client_.Get(path + "?after=-1")->status, 422);
  EXPECT_EQ(client_.Get(path, {{"Last-Event-ID", "x"}})->status, 422);
}

TEST_F(Jobs, clients_that_leave_a_stream_harm_nobody) {
  const std::string id = start(short_song());
  const std::string head = "GET /api/v1/jobs/" + id +
                           "/events HTTP/1.1\r\nHost: localhost\r\nX-AMS-Session: " + session_ +
                           "\r\n\r\n";
  for (int i = 0; i < 30; ++i) {
    const std::string seen = exchange(server_->port(), head, 0.1);
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200")) << seen;
  }
  EXPECT_EQ(wait_for_job(client_, id).get("state", ""), "done");
  EXPECT_EQ(client_.Get("/api/v1/jobs/" + id + "/events?format=json")->status, 200);
}

TEST_F(Jobs, first_events_come_at_once) {
  const auto before = std::chrono::steady_clock::now();
  const std::string id = start(long_song());
  bool has_event = false;
  client_.Get(("/api/v1/jobs/" + id + "/events").c_str(), [&](const char*, size_t size) {
    has_event = size > 0;
    return false;
  });
  const auto elapsed = std::chrono::steady_clock::now() - before;
  EXPECT_TRUE(has_event);
  EXPECT_LT(elapsed, std::chrono::seconds(1));
  client_.Delete("/api/v1/jobs/" + id);
}

TEST_F(Jobs, cancelling_is_answered_at_once_and_ends_the_job) {
  const std::string id = start(long_song());
  const auto before = std::chrono::steady_clock::now();
  const auto answer = client_.Delete("/api/v1/jobs/" + id);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(wait_for_job(client_, id).get("state", ""), "cancelled");
  const std::vector<SentEvent> events =
      events_in(client_.Get("/api/v1/jobs/" + id + "/events")->body);
  EXPECT_EQ(events.back().kind, "cancelled");
}

TEST_F(Jobs, a_session_has_one_song_at_a_time) {
  const std::string id = start(long_song());
  const auto second = client_.Post("/api/v1/jobs", short_song().dump(), "application/json");
  EXPECT_EQ(second->status, 200);
  const Json job = json_of(second);
  EXPECT_EQ(job.get("id", ""), id);
  EXPECT_TRUE(job.at("existing").as_bool());
  EXPECT_EQ(json_of(client_.Get("/api/v1/session")).at("jobs").size(), 1);
  client_.Delete("/api/v1/jobs/" + id);
  wait_for_job(client_, id);
}

TEST_F(Jobs, retakes_differ_in_the_seed_alone) {
  const Json first = run_job(client_, short_song());
  const Json answer = json_of(client_.Post(
      "/api/v1/jobs/" + first.get("id", "") + "/retake", R"({"seed": 8})", "application/json"));
  const Json second = wait_for_job(client_, answer.get("id", ""));
  EXPECT_EQ(second.get("state", ""), "done");
  EXPECT_EQ(second.at("request").at("seed"), Json(8));
  EXPECT_EQ(second.at("request").at("prompt"), first.at("request").at("prompt"));
}

TEST_F(Jobs, finished_songs_become_louder_and_smaller_files) {
  const Json song = run_job(client_, short_song());
  const std::string result = "/api/v1/results/" + song.get("result_id", "");
  const std::string original =
      json_of(client_.Get(result)).at("files").at(int64_t{0}).get("url", "");
  const std::string bytes = client_.Get(original)->body;
  for (const char* kind : {"normalise", "mp3", "flac"}) {
    const auto posted = client_.Post(result + "/" + kind, "{}", "application/json");
    ASSERT_EQ(posted->status, 202) << posted->body;
    const Json job = wait_for_job(client_, json_of(posted).get("id", ""));
    EXPECT_EQ(job.get("state", ""), "done") << job.dump();
    EXPECT_EQ(client_.Post(result + "/" + kind, "{}", "application/json")->status, 200) << kind;
  }
  const Json files = json_of(client_.Get(result)).at("files");
  std::map<std::string, Json> by_role;
  for (int64_t i = 0; i < files.size(); ++i) by_role[files.at(i).get("role", "")] = files.at(i);
  EXPECT_EQ(by_role.at("mp3").get("mime", ""), "audio/mpeg");
  EXPECT_LT(by_role.at("flac").at("bytes").as_int(), by_role.at("song").at("bytes").as_int());
  EXPECT_NEAR(by_role.at("normalised").at("lufs").as_double(), -14, 0.5);
  EXPECT_THAT(client_.Get(by_role.at("flac").get("url", ""))->body, StartsWith("fLaC"));
  EXPECT_EQ(client_.Get(original)->body, bytes);
}

TEST_F(Jobs, stems_without_their_model_fail_and_leave_the_song) {
  const Json song = run_job(client_, short_song());
  const std::string result = "/api/v1/results/" + song.get("result_id", "");
  const Json posted = json_of(client_.Post(result + "/stems", "{}", "application/json"));
  const Json job = wait_for_job(client_, posted.get("id", ""));
  EXPECT_EQ(job.get("state", ""), "failed");
  EXPECT_EQ(job.at("error").get("code", ""), "not_found");
  EXPECT_EQ(json_of(client_.Get(result)).at("files").size(), 1);
}

// What is not here is said before anybody waits for it, and without the machine's folders.
TEST_F(Jobs, models_that_are_not_here_are_neither_promised_nor_queued) {
  const Json features = json_of(client_.Get("/api/v1/info")).at("features");
  EXPECT_FALSE(features.get("stems", true));
  EXPECT_FALSE(features.get("lyrics", true));
  const char* const draft = R"({"mode": "lyrics", "brief": "rain"})";
  const auto lyrics = client_.Post("/api/v1/jobs", draft, "application/json");
  EXPECT_GE(lyrics->status, 400);
  EXPECT_THAT(lyrics->body, HasSubstr("ams pull lyrics"));
  Json request = short_song();
  request.set("model", "ace-step");
  for (const char* path : {"/api/v1/jobs", "/v1/audio/generations"}) {
    const auto answer = client_.Post(path, request.dump(), "application/json");
    EXPECT_EQ(answer->status, 422) << path;
    const Json problem = json_of(answer);
    EXPECT_EQ(problem.get("field", ""), "model") << answer->body;
    EXPECT_THAT(problem.get("message", ""), Not(HasSubstr("/models,"))) << answer->body;
  }
}

TEST_F(Jobs, wrong_requests_name_the_field_and_queue_nothing) {
  const auto problem_of = [&](const char* body) {
    const auto answer = client_.Post("/api/v1/jobs", body, "application/json");
    EXPECT_EQ(answer->status, 422) << body;
    return json_of(answer);
  };
  const Json missing = problem_of(R"({"mode": "generate", "prompt": "  "})");
  EXPECT_EQ(missing.get("field", ""), "prompt");
  EXPECT_EQ(missing.get("title", ""), "Style prompt is missing");
  const Json range = problem_of(R"({"mode": "generate", "prompt": "x", "advanced": {"bpm": 7}})");
  EXPECT_EQ(range.get("field", ""), "advanced.bpm");
  EXPECT_THAT(range.get("message", ""), HasSubstr("30 to 300"));
  EXPECT_EQ(problem_of(R"({"mode": "dance"})").get("field", ""), "mode");
  EXPECT_EQ(problem_of(R"({"mode": "cover"})").get("field", ""), "ref_audio");
  EXPECT_EQ(problem_of(R"({"mode": "lyrics"})").get("field", ""), "brief");
  EXPECT_EQ(problem_of(R"({"prompt": "x", "model": "/etc"})").get("field", ""), "model");
  problem_of(R"({"prompt": "x", "loras": [{"id": "../../secret.safetensors"}]})");
  EXPECT_EQ(json_of(client_.Get("/api/v1/session")).at("jobs").size(), 0);
}

TEST_F(Jobs, unknown_fields_are_warnings_of_the_result) {
  Json request = short_song();
  request.set("colour", "blue");
  const Json job = run_job(client_, request);
  const Json result = json_of(client_.Get("/api/v1/results/" + job.get("result_id", "")));
  EXPECT_THAT(result.at("metadata").at("warnings").dump(), HasSubstr("colour"));
}

TEST_F(Jobs, script_in_prompts_stays_text) {
  Json request = short_song();
  request.set("prompt", "<script>alert(1)</script> \u2028 \"quoted\"");
  const Json job = run_job(client_, request);
  EXPECT_EQ(job.at("request").at("prompt"), request.at("prompt"));
  const auto answer = client_.Get("/api/v1/jobs/" + job.get("id", ""));
  EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json");
}

TEST_F(Jobs, things_of_other_sessions_do_not_exist) {
  const Json job = run_job(client_, short_song());
  httplib::Client other = server_->client("another-session-00001");
  const std::string id = job.get("id", "");
  EXPECT_EQ(other.Get("/api/v1/jobs/" + id)->status, 404);
  EXPECT_EQ(other.Get("/api/v1/jobs/" + id + "/events")->status, 404);
  EXPECT_EQ(other.Delete("/api/v1/jobs/" + id)->status, 404);
  EXPECT_EQ(other.Get("/api/v1/results/" + job.get("result_id", ""))->status, 404);
  EXPECT_EQ(json_of(other.Get("/api/v1/history")).at("items").size(), 0);
}

TEST_F(Jobs, one_request_makes_a_song) {
  Json request = short_song();
  request.set("duration", 5);
  request.set("input", "soft piano");
  request.set("response_format", "wav");
  httplib::Client client("127.0.0.1", server_->port());
  client.set_read_timeout(120);
  const auto audio = client.Post("/v1/audio/generations", request.dump(), "application/json");
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->status, 200) << audio->body.substr(0, 300);
  EXPECT_EQ(audio->get_header_value("Content-Type"), "audio/wav");
  EXPECT_THAT(audio->body, StartsWith("RIFF"));
  request.set("as_url", true);
  const Json address =
      json_of(client.Post("/v1/audio/generations", request.dump(), "application/json"));
  EXPECT_EQ(client.Get(address.at("url").as_string())->body, audio->body);
  request.set("response_format", "aac");
  EXPECT_EQ(client.Post("/v1/audio/generations", request.dump(), "application/json")->status, 422);
}

TEST_F(Jobs, streams_end_with_the_job_when_the_server_stops) {
  ServerProcess server;
  httplib::Client client = server.client();
  const Json job = json_of(client.Post("/api/v1/jobs", long_song().dump(), "application/json"));
  std::string body;
  std::thread reader([&] {
    const auto stream = client.Get("/api/v1/jobs/" + job.get("id", "") + "/events");
    if (stream) body = stream->body;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(server.stop(SIGTERM), 0);
  reader.join();
  ASSERT_FALSE(body.empty());
  EXPECT_THAT(events_in(body).back().kind, testing::AnyOf("cancelled", "error"));
}

}  // namespace
}  // namespace ams
