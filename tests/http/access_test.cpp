// Who may ask: Host, Origin, token, session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_process.h"

namespace ams {
namespace {

using testing::HasSubstr;

constexpr const char* kJob = R"({"mode": "generate"})";

class Access : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static std::unique_ptr<ServerProcess> server_;
};
std::unique_ptr<ServerProcess> Access::server_;

std::string code_of(const httplib::Result& result) { return json_of(result).get("code", ""); }

TEST_F(Access, foreign_origins_may_not_change_anything) {
  httplib::Client client = server_->client();
  const auto answer =
      client.Post("/api/v1/jobs", {{"Origin", "http://evil.example"}}, kJob, "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(code_of(answer), "forbidden");
  EXPECT_EQ(client.Delete("/api/v1/jobs/x", {{"Origin", "null"}})->status, 403);
}

TEST_F(Access, the_own_origin_may) {
  httplib::Client client = server_->client();
  const std::string own = "http://127.0.0.1:" + std::to_string(server_->port());
  const auto answer = client.Post("/api/v1/jobs", {{"Origin", own}}, kJob, "application/json");
  EXPECT_EQ(answer->status, 422);  // past the rule: the prompt is missing
}

TEST_F(Access, names_of_others_are_refused_as_host) {
  const std::string head = "GET /api/v1/info HTTP/1.1\r\nConnection: close\r\nHost: ";
  EXPECT_THAT(exchange(server_->port(), head + "evil.example\r\n\r\n"), HasSubstr(" 421 "));
  EXPECT_THAT(exchange(server_->port(), head + "localhost:1\r\n\r\n"), HasSubstr(" 200 "));
  EXPECT_THAT(exchange(server_->port(), head + "[::1]:7860\r\n\r\n"), HasSubstr(" 200 "));
  EXPECT_THAT(exchange(server_->port(), "GET / HTTP/1.1\r\n\r\n", 1), HasSubstr(" 421 "));
}

TEST_F(Access, sessions_are_needed_and_have_a_form) {
  for (const char* session : {"", "short", "has a space in the id", "../../../../etc/passwd"}) {
    httplib::Client client = server_->client(session);
    EXPECT_EQ(client.Get("/api/v1/history")->status, 400) << session;
  }
  httplib::Client client("127.0.0.1", server_->port());
  EXPECT_EQ(client.Get("/api/v1/history?session=abcdefghijklmnop")->status, 200);
}

TEST_F(Access, answers_carry_headers_that_tie_browsers_down) {
  httplib::Client client = server_->client();
  const auto answer = client.Get("/docs");
  EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer->get_header_value("Referrer-Policy"), "no-referrer");
  EXPECT_THAT(answer->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(answer->get_header_value("Access-Control-Allow-Origin"), "");
}

TEST_F(Access, unknown_addresses_and_methods_answer_with_problems) {
  httplib::Client client = server_->client();
  EXPECT_EQ(client.Get("/api/v1/nothing")->status, 404);
  EXPECT_EQ(code_of(client.Get("/api/v1/nothing")), "not_found");
  const auto wrong = client.Post("/api/v1/info", "{}", "application/json");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->get_header_value("Allow"), "GET");
  EXPECT_EQ(client.Put("/api/v1/jobs", "{}", "application/json")->status, 405);
}

TEST(Token, is_asked_for_by_the_api_alone) {
  const ServerProcess server({.environment = {{"AMS_TOKEN", "open sesame"}}});
  httplib::Client client = server.client();
  const auto refused = client.Get("/api/v1/info");
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(code_of(refused), "unauthorised");
  for (const char* wrong : {"Bearer open", "Bearer open sesame!", "Basic open sesame", "Bearer "}) {
    EXPECT_EQ(client.Get("/api/v1/info", {{"Authorization", wrong}})->status, 401) << wrong;
  }
  EXPECT_EQ(client.Get("/api/v1/info", {{"Authorization", "Bearer open sesame"}})->status, 200);
  EXPECT_EQ(client.Post("/v1/audio/generations", "{}", "application/json")->status, 401);
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  EXPECT_EQ(client.Get("/")->status, 200);
  EXPECT_EQ(server.log().find("sesame"), std::string::npos);
}

TEST(CorsOrigin, may_do_what_the_own_page_may) {
  const ServerProcess server({.environment = {{"AMS_CORS_ORIGIN", "https://music.example"}}});
  httplib::Client client = server.client();
  const httplib::Headers origin = {{"Origin", "https://music.example"}};
  const auto info = client.Get("/api/v1/info", origin);
  EXPECT_EQ(info->get_header_value("Access-Control-Allow-Origin"), "https://music.example");
  EXPECT_EQ(client.Post("/api/v1/jobs", origin, kJob, "application/json")->status, 422);
  EXPECT_EQ(client.Options("/api/v1/jobs", origin)->status, 204);
  const auto other = client.Get("/api/v1/info", {{"Origin", "https://other.example"}});
  EXPECT_EQ(other->get_header_value("Access-Control-Allow-Origin"), "");
}

TEST(OpenAddress, foreign_origins_may_not_even_read) {
  const ServerProcess server({.flags = {"--host", "0.0.0.0"}});
  httplib::Client client = server.client();
  EXPECT_EQ(client.Get("/api/v1/info", {{"Origin", "http://evil.example"}})->status, 403);
  EXPECT_EQ(client.Get("/api/v1/info")->status, 200);
  EXPECT_THAT(server.log(), HasSubstr("AMS_TOKEN"));
}

}  // namespace
}  // namespace ams
