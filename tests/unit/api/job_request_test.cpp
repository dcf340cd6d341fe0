#include "api/job_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/job_json.h"
#include "api/schemas.h"
#include "api/studio_documents.h"
#include "studio/jobs/problem.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Problem problem_with(const std::string& body) {
  std::vector<std::string> warnings;
  try {
    parse_job_body(Json::parse(body, "body"), warnings);
  } catch (const ProblemError& error) {
    return error.problem();
  }
  ADD_FAILURE() << "no problem: " << body;
  return {};
}

TEST(JobBody, problems_name_field_and_label) {
  const Problem missing = problem_with(R"({"mode": "generate"})");
  EXPECT_EQ(missing.field, "prompt");
  EXPECT_EQ(missing.title, "Style prompt is missing");
  EXPECT_THAT(missing.message, HasSubstr("Describe the song"));
  const Problem range = problem_with(R"({"prompt": "x", "duration_s": 700})");
  EXPECT_EQ(range.field, "duration_s");
  EXPECT_EQ(range.code, "invalid_request");
  EXPECT_THAT(range.message, HasSubstr("5 to 600 s"));
  EXPECT_EQ(problem_with(R"({"mode": "lyrics", "brief": "x", "top_k": -1})").field, "top_k");
  EXPECT_EQ(problem_with(R"({"mode": 7})").field, "mode");
  EXPECT_EQ(problem_with(R"({"schema": "ams.meta/1"})").field, "");
}

TEST(JobBody, paths_are_refused) {
  EXPECT_EQ(problem_with(R"({"prompt": "x", "model": "../m"})").field, "model");
  EXPECT_EQ(problem_with(R"({"prompt": "x", "loras": [{"id": "/a.safetensors"}]})").field, "loras");
  EXPECT_EQ(problem_with(R"({"mode": "lyrics", "brief": "x", "model": "/m"})").field, "model");
}

TEST(JobBody, adapters_have_ids_and_scales) {
  std::vector<std::string> warnings;
  const Json body = Json::parse(
      R"({"prompt": "x", "loras": [{"id": "preset:a", "scale": 0.5}, {"id": "u_1"}]})", "body");
  const auto request = std::get<SongRequest>(parse_job_body(body, warnings));
  EXPECT_THAT(controls_of(request).loras,
              ElementsAre(LoraChoice{"preset:a", 0.5}, LoraChoice{"u_1", std::nullopt}));
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_EQ(wire_request_json(request).at("loras").at(int64_t{0}).at("scale"), Json(0.5));
}

TEST(JobBody, old_values_are_translated_with_a_warning) {
  std::vector<std::string> warnings;
  const Json body = Json::parse(
      R"({"mode": "extend", "seed_audio": "u", "repaint_mode": "left", "chunk_mask_mode": "manual"})",
      "body");
  const auto request = std::get<SongRequest>(parse_job_body(body, warnings));
  const auto& extend = std::get<ExtendRequest>(request);
  EXPECT_EQ(extend.repaint.repaint_mode, RepaintMode::Balanced);
  EXPECT_EQ(extend.repaint.chunk_mask, ChunkMask::Explicit);
  EXPECT_EQ(warnings.size(), 2u);
}

TEST(WireDocuments, requests_are_read_back) {
  const WireDocuments documents;
  GenerateRequest generate;
  generate.prompt = "jazz";
  generate.loras = {{"preset:a", 0.7}};
  LyricsRequest lyrics;
  lyrics.brief = "a night drive";
  lyrics.structure = "verse";
  for (const JobRequest& request :
       {JobRequest(), JobRequest(SongRequest(generate)), JobRequest(lyrics)}) {
    const Json written = documents.request(request);
    EXPECT_EQ(documents.request(documents.parse_request(written)), written);
  }
}

TEST(EventText, is_a_server_sent_event) {
  const std::string text = event_text({4, DoneEvent{"r_1"}});
  EXPECT_EQ(text,
            "id: 4\nevent: done\ndata: {\"id\":4,\"kind\":\"done\",\"result_id\":\"r_1\"}\n\n");
}

TEST(EventText, lines_in_texts_stay_in_the_data) {
  const std::string text = event_text({1, TextEvent{"a\n\nb\r\n", 2}});
  EXPECT_EQ(text.find("\n\n"), text.size() - 2);
}

TEST(Schemas, requests_come_from_the_rows) {
  const Json schemas = schemas_json();
  const Json duration =
      schemas.at("GenerateRequest").at("properties").at("duration_s").at("anyOf").at(int64_t{0});
  EXPECT_EQ(duration.at("maximum"), Json(600.0));
  EXPECT_TRUE(schemas.at("LyricsRequest").at("properties").contains("brief"));
}

}  // namespace
}  // namespace ams
