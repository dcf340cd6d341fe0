// What no client should send, and what the server must survive.
#include <chrono>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server_process.h"

namespace ams {
namespace {

using testing::HasSubstr;

class Hostile : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }

  static bool is_alive() {
    httplib::Client client = server_->client();
    const auto answer = client.Get("/healthz");
    return answer && answer->status == 200;
  }

  static std::string ask(const std::string& bytes) { return exchange(server_->port(), bytes, 3); }

  static std::unique_ptr<ServerProcess> server_;
};
std::unique_ptr<ServerProcess> Hostile::server_;

// Whole requests with something wrong in each, and noise.
std::string broken_request(std::mt19937& random) {
  static const std::vector<std::string> kRequests = {
      "GET /api/v1/jobs/%ZZ HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{\"a\":",
      "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n{}",
      "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
      "FOO / HTTP/1.1\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET  /  HTTP/1.1\r\n\r\n",
      "\r\n\r\n\r\n",
      "GET /api/v1/jobs/x/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: -\r\n\r\n",
      "DELETE /api/v1/jobs/../../x HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /files/x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=,,,,\r\n\r\n",
  };
  std::string request = kRequests[random() % kRequests.size()];
  for (int i = 0; i < 3; ++i) {
    request[random() % request.size()] = static_cast<char>(random() % 256);
  }
  return request;
}

TEST_F(Hostile, ten_thousand_malformed_requests_are_survived) {
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::string request = broken_request(random);
    const int handle = connect_to(server_->port());
    send(handle, request.data(), request.size(), MSG_NOSIGNAL);
    if (i % 100 == 0) {  // some wait for what comes
      shutdown(handle, SHUT_WR);
      char block[512];
      while (recv(handle, block, sizeof block, 0) > 0) {
      }
    }
    close(handle);
  }
  EXPECT_TRUE(server_->is_running());
  EXPECT_TRUE(is_alive());
}

TEST_F(Hostile, malformed_bodies_answer_with_400) {
  httplib::Client client = server_->client();
  for (const char* body : {"{", "[]", "null", "\"x\"", "{\"a\": 1, \"a\": 2}", "\xff\xfe", "nul"}) {
    const auto answer = client.Post("/api/v1/jobs", body, "application/json");
    ASSERT_TRUE(answer) << body;
    EXPECT_EQ(answer->status, 400) << body;
    EXPECT_EQ(json_of(answer).get("code", ""), "invalid_request");
  }
  const std::string deep(100'000, '[');
  EXPECT_EQ(client.Post("/api/v1/jobs", deep, "application/json")->status, 400);
}

TEST_F(Hostile, large_bodies_of_json_answer_with_413) {
  httplib::Client client = server_->client();
  const std::string large = R"({"prompt": ")" + std::string(size_t{300} << 10, 'x') + "\"}";
  EXPECT_EQ(client.Post("/api/v1/jobs", large, "application/json")->status, 413);
  EXPECT_TRUE(is_alive());
}

TEST_F(Hostile, heads_that_are_no_http_answer_with_problems) {
  EXPECT_THAT(ask("nonsense\r\n\r\n"), HasSubstr(" 400 "));
  EXPECT_THAT(ask("nonsense\r\n\r\n"), HasSubstr("\"code\":\"invalid_request\""));
  EXPECT_THAT(ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n"), HasSubstr(" 414 "));
  EXPECT_THAT(ask("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              HasSubstr(" 414 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a')), HasSubstr(" 431 "));
}

TEST_F(Hostile, bodies_of_unclear_length_are_refused) {
  const std::string start = "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_THAT(ask(start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), HasSubstr(" 400 "));
  EXPECT_THAT(ask(start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
              HasSubstr(" 400 "));
  EXPECT_THAT(ask(start + "Content-Length: 99999999999999999999\r\n\r\n"), HasSubstr(" 400 "));
}

TEST_F(Hostile, a_post_without_a_body_is_answered_at_once) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(exchange(server_->port(),
                       "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                       "X-AMS-Session: " +
                           std::string(kSession) + "\r\n\r\n"),
              HasSubstr(" 422 "));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
}

TEST_F(Hostile, long_range_headers_are_harmless) {
  std::string range = "bytes=0-0";
  for (int i = 0; i < 1500; ++i) range += ",1-1";
  EXPECT_THAT(ask("GET /files/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRange: " +
                  range + "\r\n\r\n"),
              HasSubstr(" 404 "));
}

TEST_F(Hostile, paths_do_not_leave_the_page) {
  for (const char* path : {"/../../etc/passwd",
                           "/assets/..%2f..%2f..%2fetc/passwd",
                           "//etc/passwd",
                           "/assets/%2e%2e/%2e%2e/etc/passwd",
                           "/%00",
                           "/files/../api/v1/info"}) {
    const std::string answer = ask("GET " + std::string(path) +
                                   " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr(" 404 ")) << path;
  }
}

TEST_F(Hostile, slow_clients_do_not_keep_others_waiting) {
  std::vector<int> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(connect_to(server_->port()));
    send(slow.back(), "GET / HTTP/1.1\r\nX: ", 19, MSG_NOSIGNAL);
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(is_alive());
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
  // Each is sent away after its time, however it drips.
  std::string answer;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    if (send(slow.front(), "a", 1, MSG_NOSIGNAL) <= 0) break;
    char block[512];
    const ssize_t count = recv(slow.front(), block, sizeof block, MSG_DONTWAIT);
    if (count == 0) break;
    if (count > 0) answer.append(block, static_cast<size_t>(count));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_THAT(answer, HasSubstr(" 408 "));
  for (const int handle : slow) close(handle);
}

TEST_F(Hostile, more_clients_than_threads_are_told_so) {
  std::vector<int> idle;
  std::string refusal;
  for (int i = 0; i < 600 && refusal.empty(); ++i) {
    idle.push_back(connect_to(server_->port()));
    char block[512];
    if (i > 500) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const ssize_t count = recv(idle.back(), block, sizeof block, MSG_DONTWAIT);
    if (count > 0) refusal.assign(block, static_cast<size_t>(count));
  }
  EXPECT_THAT(refusal, HasSubstr(" 503 "));
  for (const int handle : idle) close(handle);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_TRUE(is_alive());
}

}  // namespace
}  // namespace ams
