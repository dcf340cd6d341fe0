// Bytes of songs: ranges, conditions, names, HEAD.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

// One song for all tests.
class Files : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ServerProcess>();
    httplib::Client client = server_->client();
    const Json job = run_job(client, short_song());
    const Json result = json_of(client.Get("/api/v1/results/" + job.at("result_id").as_string()));
    url_ = result.at("files").at(0).at("url").as_string();
    bytes_ = client.Get(url_)->body;
  }
  static void TearDownTestSuite() { server_.reset(); }

  httplib::Result get(const httplib::Headers& headers) {
    httplib::Client client("127.0.0.1", server_->port());  // no session: the id is the secret
    return client.Get(url_, headers);
  }

  static std::unique_ptr<ServerProcess> server_;
  static std::string url_;
  static std::string bytes_;
};
std::unique_ptr<ServerProcess> Files::server_;
std::string Files::url_;
std::string Files::bytes_;

TEST_F(Files, whole_files_come_with_type_and_length) {
  const auto answer = get({});
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "audio/wav");
  EXPECT_EQ(answer->get_header_value("Content-Length"), std::to_string(bytes_.size()));
  EXPECT_EQ(answer->get_header_value("Accept-Ranges"), "bytes");
  EXPECT_THAT(answer->body, StartsWith("RIFF"));
}

TEST_F(Files, ranges_are_parts_of_the_file) {
  const std::string size = std::to_string(bytes_.size());
  struct Case {
    std::string range;
    size_t begin;
    size_t end;
  };
  const size_t n = bytes_.size();
  for (const Case& each : {Case{"bytes=0-0", 0, 1},
                           Case{"bytes=10-99", 10, 100},
                           Case{"bytes=100-", 100, n},
                           Case{"bytes=-44", n - 44, n},
                           Case{"bytes=44-99999999999999999999", 44, n}}) {
    const auto answer = get({{"Range", each.range}});
    EXPECT_EQ(answer->status, 206) << each.range;
    EXPECT_EQ(answer->body, bytes_.substr(each.begin, each.end - each.begin)) << each.range;
    EXPECT_EQ(
        answer->get_header_value("Content-Range"),
        "bytes " + std::to_string(each.begin) + "-" + std::to_string(each.end - 1) + "/" + size);
  }
}

TEST_F(Files, ranges_outside_are_unsatisfiable) {
  for (const char* range : {"bytes=99999999-",
                            "bytes=5-4",
                            "bytes=-0",
                            "bytes=a-b",
                            "bytes=-",
                            "bytes=--5",
                            "bytes=99999999999999999999-"}) {
    const auto answer = get({{"Range", range}});
    EXPECT_EQ(answer->status, 416) << range;
    EXPECT_EQ(answer->get_header_value("Content-Range"),
              "bytes */" + std::to_string(bytes_.size()));
  }
}

TEST_F(Files, several_ranges_and_other_units_get_the_whole) {
  EXPECT_EQ(get({{"Range", "bytes=0-1,4-5"}})->status, 200);
  EXPECT_EQ(get({{"Range", "items=0-1"}})->status, 200);
}

TEST_F(Files, known_tags_save_the_bytes) {
  const std::string tag = get({})->get_header_value("ETag");
  EXPECT_THAT(tag, MatchesRegex("\".+\""));
  const auto answer = get({{"If-None-Match", tag}});
  EXPECT_EQ(answer->status, 304);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(get({{"If-Range", tag}, {"Range", "bytes=0-9"}})->status, 206);
  EXPECT_EQ(get({{"If-Range", "\"other\""}, {"Range", "bytes=0-9"}})->status, 200);
}

TEST_F(Files, head_tells_the_length_and_sends_nothing) {
  httplib::Client client("127.0.0.1", server_->port());
  const auto answer = client.Head(url_);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Length"), std::to_string(bytes_.size()));
  EXPECT_EQ(client.Get(url_)->body.size(), bytes_.size());  // the connection is in step
}

TEST_F(Files, downloads_have_plain_names) {
  httplib::Client client("127.0.0.1", server_->port());
  const auto answer = client.Get(url_ + "?download=1");
  EXPECT_THAT(answer->get_header_value("Content-Disposition"),
              MatchesRegex("attachment; filename=\"[A-Za-z0-9._-]+\\.wav\""));
}

TEST_F(Files, only_issued_ids_lead_to_files) {
  httplib::Client client("127.0.0.1", server_->port());
  for (const char* path : {"/files/x",
                           "/files/..%2f..%2fetc%2fpasswd",
                           "/files/%00",
                           "/files/f_00000000000000000000000000000000",
                           "/files/"}) {
    EXPECT_EQ(client.Get(path)->status, 404) << path;
  }
}

TEST_F(Files, clients_that_leave_in_the_middle_harm_nobody) {
  for (int i = 0; i < 20; ++i) {
    exchange(server_->port(), "GET " + url_ + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 0.01);
  }
  EXPECT_EQ(get({})->body, bytes_);
}

TEST_F(Files, songs_bring_the_request_that_made_them) {
  for (const char* part : {"LIST", "INFO", "\"prompt\":\"soft piano\"", "\"seed\":7"}) {
    EXPECT_NE(bytes_.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace ams
