// Files from clients: limits, forms, names, and clients that leave.
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server_process.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kBinary = "application/octet-stream";

class Uploads : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  Uploads() : client_(server_->client()) {}

  static size_t files_in(const char* folder) {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(server_->data_folder() / folder)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  // Whether the temporary folder becomes empty within five seconds.
  static bool becomes_clean() {
    for (int i = 0; i < 250 && files_in("tmp") > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return files_in("tmp") == 0;
  }

  httplib::Result post(const std::string& query, const std::string& body) {
    return client_.Post("/api/v1/uploads?" + query, body, kBinary);
  }

  static std::unique_ptr<ServerProcess> server_;
  httplib::Client client_;
};
std::unique_ptr<ServerProcess> Uploads::server_;

TEST_F(Uploads, raw_bodies_become_uploads_with_facts) {
  const auto answer = post("role=seed_audio&name=take%201.wav", wav_bytes(2));
  EXPECT_EQ(answer->status, 201) << answer->body;
  const Json upload = json_of(answer);
  EXPECT_EQ(upload.get("name", ""), "take 1.wav");
  EXPECT_NEAR(upload.at("audio").at("duration_s").as_double(), 2, 0.01);
  EXPECT_EQ(client_.Get(upload.get("url", ""))->body, wav_bytes(2));
  EXPECT_EQ(client_.Get("/api/v1/uploads/" + upload.get("id", ""))->status, 200);
}

TEST_F(Uploads, the_same_file_twice_is_one_upload) {
  const Json first = json_of(post("role=seed_audio", wav_bytes(3)));
  const auto second = post("role=seed_audio", wav_bytes(3));
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(json_of(second).at("id"), first.at("id"));
}

TEST_F(Uploads, forms_with_a_part_called_file_do_as_well) {
  const httplib::MultipartFormDataItems form = {{"remark", "hello", "", ""},
                                                {"file", wav_bytes(1.5), "form.wav", "audio/wav"}};
  const auto answer = client_.Post("/api/v1/uploads?role=source_audio", form);
  EXPECT_EQ(answer->status, 201) << answer->body;
  EXPECT_EQ(json_of(answer).get("name", ""), "form.wav");
  const httplib::MultipartFormDataItems other = {{"audio", wav_bytes(1.5), "x.wav", "audio/wav"}};
  EXPECT_EQ(client_.Post("/api/v1/uploads?role=source_audio", other)->status, 422);
}

TEST_F(Uploads, hostile_names_are_for_display_only) {
  const size_t before = files_in("uploads");
  const auto answer =
      post("role=seed_audio&name=..%2F..%2F%3Cscript%3E%00%0D%0Ax%22.wav", wav_bytes(2.5));
  ASSERT_EQ(answer->status, 201) << answer->body;
  const std::string name = json_of(answer).get("name", "");
  EXPECT_THAT(name, Not(HasSubstr("\n")));
  EXPECT_THAT(name, HasSubstr("<script>"));  // text; the page shows it as such
  EXPECT_GT(files_in("uploads"), before);
  EXPECT_FALSE(fs::exists(server_->data_folder().parent_path() / "x\".wav"));
}

TEST_F(Uploads, what_is_no_audio_is_refused) {
  EXPECT_EQ(post("role=seed_audio", "GIF89a....")->status, 415);
  EXPECT_EQ(post("role=seed_audio", std::string(5000, 'x'))->status, 415);
  EXPECT_GE(post("role=seed_audio", wav_bytes(2).substr(0, 50))->status, 415);
  EXPECT_EQ(post("role=seed_audio", "")->status, 422);
  EXPECT_EQ(post("role=piano", wav_bytes(2))->status, 422);
  EXPECT_EQ(post("role=lora", "not a tensor file")->status, 422);
  EXPECT_TRUE(becomes_clean());
}

TEST_F(Uploads, lengths_of_a_role_are_kept) {
  EXPECT_EQ(post("role=ref_audio", wav_bytes(61))->status, 422);
  EXPECT_EQ(post("role=ref_audio&trim_s=60", wav_bytes(61))->status, 201);
  EXPECT_EQ(post("role=ref_audio", wav_bytes(60))->status, 201);
  EXPECT_EQ(post("role=seed_audio", wav_bytes(0.5))->status, 422);
}

// 64 KiB are granted for what surrounds the file in a form.
TEST_F(Uploads, announced_bytes_over_the_limit_are_refused_before_they_come) {
  const std::string head =
      "POST /api/v1/uploads?role=ref_audio HTTP/1.1\r\nHost: localhost\r\nX-AMS-Session: " +
      std::string(kSession) + "\r\nContent-Length: 52494337\r\n\r\n";
  EXPECT_THAT(exchange(server_->port(), head, 3), HasSubstr(" 413 "));
}

TEST_F(Uploads, bytes_over_the_limit_are_refused_while_they_come) {
  // In chunks, so that no length is announced.
  constexpr size_t kLimit = size_t{50} << 20;
  const std::string block(size_t{1} << 20, 'x');
  size_t sent = 0;
  const auto provider = [&](size_t, httplib::DataSink& sink) {
    if (sent > kLimit + block.size()) {
      sink.done();
      return true;
    }
    sent += block.size();
    return sink.write(block.data(), block.size());
  };
  const auto answer = client_.Post("/api/v1/uploads?role=ref_audio", {}, provider, kBinary);
  // The server closes while the client still sends: some clients see the answer, some the close.
  if (answer) {
    EXPECT_EQ(answer->status, 413);
  }
  EXPECT_TRUE(becomes_clean());
  EXPECT_EQ(client_.Get("/healthz")->status, 200);
}

TEST_F(Uploads, a_file_of_exactly_the_limit_is_read) {
  std::string file = wav_bytes(1);
  file.resize(size_t{50} << 20, '\0');  // trailing bytes behind the chunk of samples
  const auto answer = post("role=ref_audio", file);
  EXPECT_NE(answer->status, 413) << answer->body;
  file += '\0';
  EXPECT_EQ(post("role=ref_audio", file)->status, 413);
}

TEST_F(Uploads, clients_that_leave_leave_nothing_behind) {
  const std::string head =
      "POST /api/v1/uploads?role=seed_audio HTTP/1.1\r\nHost: localhost\r\nX-AMS-Session: " +
      std::string(kSession) + "\r\nContent-Length: 1000000\r\n\r\n" + std::string(50000, 'x');
  const size_t before = files_in("uploads");
  for (int i = 0; i < 10; ++i) {
    const int handle = connect_to(server_->port());
    send(handle, head.data(), head.size(), MSG_NOSIGNAL);
    close(handle);
  }
  EXPECT_TRUE(becomes_clean());
  EXPECT_EQ(files_in("uploads"), before);
}

TEST_F(Uploads, results_become_inputs_without_travelling) {
  const Json job = run_job(client_, short_song());
  const std::string body =
      R"({"file": "song", "role": "ref_audio", "result_id": ")" + job.get("result_id", "") + "\"}";
  const auto answer = client_.Post("/api/v1/uploads/from-result", body, "application/json");
  EXPECT_EQ(answer->status, 201) << answer->body;
  Json cover = short_song();
  cover.set("mode", "cover");
  cover.set("ref_audio", json_of(answer).at("id"));
  EXPECT_EQ(run_job(client_, cover).get("state", ""), "done");
  EXPECT_EQ(client_.Post("/api/v1/uploads/from-result", "{}", "application/json")->status, 422);
}

TEST_F(Uploads, uploads_of_other_sessions_do_not_exist) {
  const Json upload = json_of(post("role=seed_audio", wav_bytes(4)));
  httplib::Client other = server_->client("another-session-00001");
  EXPECT_EQ(other.Get("/api/v1/uploads/" + upload.get("id", ""))->status, 404);
  Json extend = short_song();
  extend.set("mode", "extend");
  extend.set("seed_audio", upload.at("id"));
  EXPECT_EQ(other.Post("/api/v1/jobs", extend.dump(), "application/json")->status, 404);
}

}  // namespace
}  // namespace ams
