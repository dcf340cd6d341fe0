// What the requests of Cover, Extend and Edit accept.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "studio/requests/song_request.h"

namespace ams {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(SongRequest request) {
  try {
    validate(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidRequest);
    return error.what();
  }
  return "";
}

TEST(ModeRequests, each_mode_names_its_missing_audio) {
  EXPECT_THAT(error_of(CoverRequest()), HasSubstr("'ref_audio' is missing"));
  EXPECT_THAT(error_of(ExtendRequest()), HasSubstr("'seed_audio' is missing"));
  EXPECT_THAT(error_of(EditRequest()), HasSubstr("'source_audio' is missing"));
}

TEST(ModeRequests, untouched_forms_with_audio_are_valid) {
  for (const std::string& mode : song_modes()) {
    SongRequest request = make_song_request(mode);
    *std::get<std::string*>(fields(request).front().member) = "x";
    EXPECT_EQ(error_of(request), "") << mode;
    EXPECT_EQ(mode_of(request), mode);
  }
  EXPECT_THROW(make_song_request("dance"), Error);
}

TEST(ModeRequests, segments_must_last_a_second) {
  EditRequest request;
  request.source_audio = "x";
  request.segment_start_seconds = 5;
  request.segment_end_seconds = 3;
  EXPECT_THAT(error_of(request), AllOf(HasSubstr("is 3"), HasSubstr("5")));
  request.segment_end_seconds = 6;
  EXPECT_EQ(error_of(request), "");
}

TEST(ModeRequests, flow_edit_needs_both_captions_and_a_window) {
  EditRequest request;
  request.source_audio = "x";
  request.sub_mode = EditMode::FlowEdit;
  EXPECT_THAT(error_of(request), HasSubstr("'edit_prompt'"));
  request.prompt = "drums";
  EXPECT_THAT(error_of(request), HasSubstr("'flow_source_caption'"));
  request.flow_source_caption = "piano";
  EXPECT_EQ(error_of(request), "");
  request.flow_window_start = 1;
  EXPECT_THAT(error_of(request), HasSubstr("'flow_n_min'"));
}

TEST(ModeRequests, adapters_are_parsed_and_checked) {
  EXPECT_EQ(parse_lora_choice("a=0.5"), (LoraChoice{"a", 0.5}));
  EXPECT_EQ(parse_lora_choice("Chinese New Year"), (LoraChoice{"Chinese New Year", {}}));
  EXPECT_EQ(parse_lora_choice("x=y.safetensors"), (LoraChoice{"x=y.safetensors", {}}));
  EXPECT_THROW(parse_lora_choice("a=1.6"), Error);
  EXPECT_THROW(parse_lora_choice("=1"), Error);
  GenerateRequest request;
  request.prompt = "x";
  request.loras = std::vector<LoraChoice>(17, {"a", 1.0});
  EXPECT_THAT(error_of(request), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace ams
