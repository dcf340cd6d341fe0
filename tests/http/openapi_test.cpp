// Calls every route by /openapi.json and holds the answers against it.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema_check.h"
#include "server_process.h"

namespace ams {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class OpenApi : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ =
        std::make_unique<ServerProcess>(ServerSetup{.environment = {{"HF_HUB_OFFLINE", "1"}}});
    httplib::Client client = server_->client();
    document_ = json_of(client.Get("/openapi.json"));
  }
  static void TearDownTestSuite() { server_.reset(); }
  OpenApi() : client_(server_->client()) {}

  // Sends what the operation takes.
  httplib::Result send(const std::string& method,
                       const std::string& path,
                       const std::string& body) {
    if (method == "get") return client_.Get(path);
    if (method == "delete") return client_.Delete(path);
    const bool is_upload = path.starts_with("/api/v1/uploads?");
    return client_.Post(path, body, is_upload ? "application/octet-stream" : "application/json");
  }

  // The schema of a JSON answer; null if the document does not know the answer.
  static Json schema_of(const Json& operation, int status, const std::string& mime) {
    const Json responses = operation.at("responses");
    const std::string key = std::to_string(status);
    if (!responses.contains(key) && status < 400) return nullptr;
    const Json content = responses.at(responses.contains(key) ? key : "default").at("content");
    return content.contains(mime) ? content.at(mime).at("schema") : Json();
  }

  static std::unique_ptr<ServerProcess> server_;
  static Json document_;
  httplib::Client client_;
};
std::unique_ptr<ServerProcess> OpenApi::server_;
Json OpenApi::document_;

TEST_F(OpenApi, every_reference_has_its_schema) {
  const Json schemas = document_.at("components").at("schemas");
  const std::string text = document_.dump();
  const std::string start = "#/components/schemas/";
  for (size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const size_t begin = at + start.size();
    EXPECT_TRUE(schemas.contains(text.substr(begin, text.find('"', begin) - begin)));
  }
  EXPECT_EQ(document_.get("openapi", ""), "3.1.0");
}

TEST_F(OpenApi, every_route_answers_as_the_document_says) {
  const Json job = run_job(client_, short_song());
  const std::string result_id = job.get("result_id", "");
  const Json result = json_of(client_.Get("/api/v1/results/" + result_id));
  const Json upload = json_of(
      client_.Post("/api/v1/uploads?role=seed_audio", wav_bytes(2), "application/octet-stream"));
  const std::map<std::string, std::string> ids = {
      {"/api/v1/uploads/{id}", upload.get("id", "")},
      {"/api/v1/jobs/", job.get("id", "")},
      {"/api/v1/results/", result_id},
      {"/api/v1/loras/", "preset:chinese-new-year"},
      {"/files/", result.at("files").at(int64_t{0}).get("url", "").substr(7)},
  };
  const std::map<std::string, std::string> bodies = {
      {"/api/v1/jobs", short_song().dump()},
      {"/api/v1/uploads", wav_bytes(2.25)},
      {"/api/v1/uploads/from-result",
       R"({"result_id": ")" + result_id + R"(", "file": "song", "role": "seed_audio"})"},
      {"/v1/audio/generations",
       [] {
         Json request = short_song();
         request.set("as_url", true);
         return request.dump();
       }()},
  };
  int calls = 0;
  document_.at("paths").for_each_member([&](const std::string& pattern, const Json& path_item) {
    path_item.for_each_member([&](const std::string& method, const Json& operation) {
      std::string path = pattern;
      if (const size_t name = path.find("{name}"); name != std::string::npos) {
        path.replace(name, 6, "lyrics");
      }
      for (const auto& [prefix, id] : ids) {
        if (pattern.starts_with(prefix) && path.find("{id}") != std::string::npos) {
          path.replace(path.find("{id}"), 4, id);
        }
      }
      if (pattern == "/api/v1/uploads") path += "?role=seed_audio&name=x.wav";
      if (pattern == "/api/v1/jobs/{id}/events") path += "?format=json";
      const auto body = bodies.find(pattern);
      const auto answer = send(method, path, body == bodies.end() ? "{}" : body->second);
      ASSERT_TRUE(answer) << method << " " << path;
      ++calls;
      const std::string type = answer->get_header_value("Content-Type");
      const std::string mime = type.substr(0, type.find(';'));
      // Post-processing and downloads may be missing here; then the answer is a problem.
      const bool may_fail = pattern.find("/results/{id}/") != std::string::npos ||
                            pattern.find("/prepare") != std::string::npos;
      if (!may_fail) {
        EXPECT_LT(answer->status, 400) << method << " " << path << answer->body;
      }
      const Json schema = schema_of(operation, answer->status, mime);
      ASSERT_FALSE(schema.is_null()) << method << " " << path << " " << answer->status << mime;
      if (mime != "application/json" || pattern == "/openapi.json") return;
      EXPECT_EQ(schema_fault(json_of(answer), schema, document_), "") << method << " " << path;
      if (method == "post" && pattern == "/api/v1/jobs") {
        wait_for_job(client_, json_of(answer).get("id", ""));
      }
      if (pattern.ends_with("/retake")) wait_for_job(client_, json_of(answer).get("id", ""));
    });
  });
  EXPECT_GE(calls, 25);
}

TEST_F(OpenApi, options_hold_what_forms_need) {
  const Json options = json_of(client_.Get("/api/v1/options"));
  ASSERT_EQ(options.at("modes").size(), 5);
  for (int64_t i = 0; i < 5; ++i) {
    const Json fields = options.at("modes").at(i).at("fields");
    for (int64_t k = 0; k < fields.size(); ++k) {
      EXPECT_NE(fields.at(k).get("label", ""), "");
      EXPECT_NE(fields.at(k).get("help", ""), "");
    }
  }
}

TEST_F(OpenApi, documents_are_for_people_too) {
  const auto page = client_.Get("/docs");
  EXPECT_THAT(page->get_header_value("Content-Type"), StartsWith("text/html"));
  EXPECT_THAT(page->body, HasSubstr("POST /api/v1/jobs"));
  EXPECT_EQ(page->body.find("<script"), std::string::npos);
  EXPECT_EQ(client_.Get("/docs.css")->status, 200);
}

TEST_F(OpenApi, the_page_comes_with_its_policy) {
  const auto page = client_.Get("/");
  ASSERT_EQ(page->status, 200);
  if (page->get_header_value("Content-Type").starts_with("text/plain")) {
    GTEST_SKIP() << "built without Node.js";
  }
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page->get_header_value("Cache-Control"), "no-cache");
  const std::string tag = page->get_header_value("ETag");
  EXPECT_EQ(client_.Get("/", {{"If-None-Match", tag}})->status, 304);
  const size_t asset = page->body.find("/assets/");
  ASSERT_NE(asset, std::string::npos);
  const std::string path = page->body.substr(asset, page->body.find('"', asset) - asset);
  EXPECT_THAT(client_.Get(path)->get_header_value("Cache-Control"), HasSubstr("immutable"));
}

}  // namespace
}  // namespace ams
