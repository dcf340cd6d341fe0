#include "api/options_json.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "studio/jobs/time_budget.h"

namespace ams {
namespace {

const SamplingDefaults kTurbo{8, 3.0, 1.0};

Json mode_of(const std::string& name, const SamplingDefaults& defaults = {27, 1.0, 7.0}) {
  const Json modes = options_json(defaults).at("modes");
  for (int64_t i = 0; i < modes.size(); ++i) {
    if (modes.at(i).get("mode", "") == name) return modes.at(i);
  }
  return {};
}

Json field_of(const Json& mode, const std::string& group, const std::string& name) {
  const Json fields = mode.at("fields");
  for (int64_t i = 0; i < fields.size(); ++i) {
    const Json field = fields.at(i);
    if (field.get("group", "") == group && field.get("name", "") == name) return field;
  }
  return {};
}

TEST(Options, have_every_control_of_the_advanced_panel) {
  for (const char* name : {"generate", "cover", "extend", "edit"}) {
    const Json fields = mode_of(name).at("fields");
    int knobs = 1;  // the seed
    for (int64_t i = 0; i < fields.size(); ++i) knobs += fields.at(i).get("group", "") != "";
    EXPECT_EQ(knobs, 21) << name;
  }
}

TEST(Options, leave_out_what_is_for_the_api_alone) {
  EXPECT_TRUE(field_of(mode_of("cover"), "", "cover_noise_strength").is_null());
  EXPECT_TRUE(field_of(mode_of("generate"), "", "compat").is_null());
  EXPECT_TRUE(field_of(mode_of("generate"), "dcw", "mode").is_null());
}

TEST(Options, show_the_numbers_of_the_selected_model) {
  const Json turbo = mode_of("generate", kTurbo);
  EXPECT_EQ(field_of(turbo, "advanced", "inference_steps").at("default"), Json(8));
  EXPECT_EQ(field_of(turbo, "advanced", "shift").at("default"), Json(3.0));
  EXPECT_EQ(field_of(mode_of("generate"), "advanced", "guidance_scale").at("default"), Json(7.0));
  EXPECT_TRUE(field_of(turbo, "advanced", "bpm").at("default").is_null());
}

TEST(Options, uploads_carry_their_limits) {
  const Json upload = field_of(mode_of("cover"), "", "ref_audio");
  EXPECT_EQ(upload.get("type", ""), "upload");
  EXPECT_EQ(upload.at("max_bytes"), Json(int64_t{50} << 20));
  EXPECT_EQ(upload.at("range").at("max"), Json(60.0));
  EXPECT_EQ(upload.at("accept").size(), 3);
  const Json loras = field_of(mode_of("edit"), "", "loras");
  EXPECT_EQ(loras.get("type", ""), "loras");
  EXPECT_EQ(loras.at("max_bytes"), Json(int64_t{500} << 20));
}

TEST(Options, choices_have_labels_and_offer_eleven_languages) {
  const Json languages = field_of(mode_of("generate"), "advanced", "vocal_language").at("choices");
  EXPECT_EQ(languages.size(), 11);
  const Json bars = field_of(mode_of("generate"), "advanced", "timesignature").at("choices");
  EXPECT_EQ(bars.at(int64_t{0}).get("label", ""), "auto");
  EXPECT_EQ(bars.at(int64_t{4}).get("label", ""), "6/8");
}

// The rule as a page applies it.
int64_t budget_of(const Json& mode, double length) {
  const Json rule = mode.at("budget");
  const double seconds = static_cast<double>(rule.at("base_s").as_int()) + 2 * length;
  return std::clamp(static_cast<int64_t>(std::ceil(seconds)),
                    rule.at("min_s").as_int(),
                    rule.at("max_s").as_int());
}

TEST(Options, budgets_are_those_of_the_job_engine) {
  for (const double seconds : {5.0, 30.0, 240.0}) {
    GenerateRequest generate;
    generate.duration_seconds = seconds;
    EXPECT_EQ(budget_of(mode_of("generate"), seconds), budget_seconds(SongRequest(generate)));
    CoverRequest cover;
    cover.duration_seconds = seconds;
    EXPECT_EQ(budget_of(mode_of("cover"), seconds), budget_seconds(SongRequest(cover)));
  }
  ExtendRequest extend;
  extend.extra_duration_seconds = 60;
  EXPECT_EQ(budget_of(mode_of("extend"), 60), budget_seconds(SongRequest(extend)));
  EditRequest edit;
  edit.segment_end_seconds = 40;
  EXPECT_EQ(budget_of(mode_of("edit"), 40), budget_seconds(SongRequest(edit)));
  EXPECT_EQ(budget_of(mode_of("lyrics"), 0), budget_seconds(LyricsRequest()));
}

}  // namespace
}  // namespace ams
