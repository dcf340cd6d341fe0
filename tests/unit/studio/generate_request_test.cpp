#include "studio/requests/generate_request.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "studio/bench/bench.h"
#include "studio/engine.h"

namespace ams {
namespace {

using testing::AllOf;
using testing::HasSubstr;

GenerateRequest valid_request() {
  GenerateRequest request;
  request.prompt = "warm lo-fi piano";
  return request;
}

// The message of the error for a request after `change`; empty if it is valid.
template <typename Change>
std::string error_after(Change change) {
  GenerateRequest request = valid_request();
  change(request);
  try {
    validate(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidRequest);
    return error.what();
  }
  return "";
}

GenerateRequest validated(GenerateRequest request) {
  validate(request);
  return request;
}

TEST(GenerateRequest, untouched_form_is_valid) {
  EXPECT_EQ(error_after([](GenerateRequest&) {}), "");
}

TEST(GenerateRequest, prompt_must_say_something) {
  for (const char* prompt : {"", "  ", "\n\t"}) {
    EXPECT_THAT(error_after([&](GenerateRequest& request) { request.prompt = prompt; }),
                HasSubstr("'prompt' is missing"));
  }
}

TEST(GenerateRequest, long_texts_are_rejected_not_cut) {
  EXPECT_EQ(error_after([](auto& request) { request.prompt = std::string(512, 'x'); }), "");
  EXPECT_THAT(error_after([](auto& request) { request.prompt = std::string(513, 'x'); }),
              AllOf(HasSubstr("513"), HasSubstr("512")));
  EXPECT_EQ(error_after([](auto& request) { request.lyrics = std::string(4096, 'x'); }), "");
  EXPECT_THAT(error_after([](auto& request) { request.lyrics = std::string(4097, 'x'); }),
              AllOf(HasSubstr("4097"), HasSubstr("4096")));
}

TEST(GenerateRequest, texts_are_utf8) {
  EXPECT_THAT(error_after([](auto& request) { request.lyrics = "\xC0\xAF"; }),
              HasSubstr("'lyrics' is not valid UTF-8"));
}

TEST(GenerateRequest, duration_is_5_to_600_seconds) {
  for (const double seconds : {5.0, 7.3, 600.0}) {
    EXPECT_EQ(error_after([&](auto& request) { request.duration_seconds = seconds; }), "");
  }
  for (const double seconds : {4.99, 600.01, -1.0, 0.0}) {
    EXPECT_THAT(error_after([&](auto& request) { request.duration_seconds = seconds; }),
                HasSubstr("expected 5 to 600 s"));
  }
}

TEST(GenerateRequest, seeds_of_zero_or_less_are_random) {
  for (const int64_t seed : {int64_t{0}, int64_t{-1}, int64_t{-99}}) {
    GenerateRequest request = valid_request();
    request.seed = seed;
    EXPECT_FALSE(validated(request).seed);
  }
  EXPECT_THAT(error_after([](auto& request) { request.seed = int64_t{2147483648}; }),
              HasSubstr("2147483647"));
}

TEST(GenerateRequest, drawn_seeds_are_in_range_and_differ) {
  std::set<int64_t> seeds;
  for (int i = 0; i < 100; ++i) seeds.insert(draw_seed());
  EXPECT_GE(*seeds.begin(), 1);
  EXPECT_LE(*seeds.rbegin(), 2147483647);
  EXPECT_GT(seeds.size(), 90u);
}

TEST(GenerateRequest, bpm_of_zero_is_absent) {
  GenerateRequest request = valid_request();
  request.advanced.bpm = 0;
  EXPECT_FALSE(validated(request).advanced.bpm);
  EXPECT_THAT(error_after([](auto& changed) { changed.advanced.bpm = 29; }),
              HasSubstr("'advanced.bpm' is 29, expected 30 to 300"));
}

TEST(GenerateRequest, keys_are_expanded) {
  GenerateRequest request = valid_request();
  request.advanced.keyscale = "Am";
  EXPECT_EQ(validated(request).advanced.keyscale, "A minor");
  EXPECT_THAT(error_after([](auto& changed) { changed.advanced.keyscale = "H major"; }),
              HasSubstr("H major"));
}

TEST(GenerateRequest, guidance_interval_must_not_be_reversed) {
  EXPECT_THAT(error_after([](auto& request) {
                request.advanced.cfg_interval_start = 0.6;
                request.advanced.cfg_interval_end = 0.5;
              }),
              AllOf(HasSubstr("cfg_interval_start"), HasSubstr("0.5")));
}

TEST(GenerateRequest, empty_negative_prompt_is_the_default_one) {
  GenerateRequest request = valid_request();
  request.lm.negative_prompt = "";
  EXPECT_EQ(validated(request).lm.negative_prompt, "NO USER INPUT");
}

TEST(GenerateRequest, correction_is_off_by_default) { EXPECT_FALSE(valid_request().dcw.enabled); }

TEST(GenerateRequest, time_budget_follows_the_table) {
  GenerateRequest request = valid_request();
  request.duration_seconds = 30;
  EXPECT_EQ(estimate_seconds(request), 90);
  request.duration_seconds = 240;
  EXPECT_EQ(estimate_seconds(request), 300);
  request.duration_seconds = 5;
  EXPECT_EQ(estimate_seconds(request), 60);
}

// The 21 knobs of the panel under their names with dashes.
TEST(GenerateRequest, every_knob_has_its_flag) {
  GenerateRequest request;
  std::set<std::string> flags;
  for (const Field& field : fields(request)) flags.insert(field.flag);
  for (const char* flag : {"--inference-steps",
                           "--guidance-scale",
                           "--infer-method",
                           "--seed",
                           "--cfg-interval-start",
                           "--cfg-interval-end",
                           "--shift",
                           "--use-adg",
                           "--thinking",
                           "--use-cot-caption",
                           "--use-cot-metas",
                           "--use-cot-language",
                           "--lm-temperature",
                           "--lm-top-p",
                           "--lm-top-k",
                           "--lm-cfg-scale",
                           "--lm-negative-prompt",
                           "--bpm",
                           "--keyscale",
                           "--timesignature",
                           "--vocal-language"}) {
    EXPECT_EQ(flags.count(flag), 1u) << flag;
  }
}

// Every default must lie in its own range, and every row must explain itself.
template <typename Options>
void expect_sound_table(Options options) {
  std::set<std::string> paths;
  std::set<std::string> flags;
  for (const Field& field : fields(options)) {
    EXPECT_TRUE(paths.insert(field_path(field)).second) << field_path(field) << " is there twice";
    EXPECT_TRUE(field.flag.empty() || flags.insert(field.flag).second) << field.flag;
    EXPECT_FALSE(field.help.empty()) << field_path(field);
    EXPECT_LE(field.help.size(), 90u) << field_path(field);
  }
  EXPECT_NO_THROW(check_ranges(fields(options)));
}

TEST(FieldTables, defaults_are_in_range_and_rows_are_documented) {
  expect_sound_table(valid_request());
  expect_sound_table(EngineOptions());
  expect_sound_table(BenchOptions());
}

}  // namespace
}  // namespace ams
