#include "api/options_json.h"

#include <array>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "studio/jobs/upload_view.h"
#include "studio/requests/lyrics_request.h"
#include "studio/requests/song_request.h"

namespace ams {
namespace {

constexpr double kDefaultLoraScale = 0.95;
constexpr double kStrongestLora = 1.5;

// What a mode has besides its rows. The budget rule is studio.md 6.3.
struct ModeTexts {
  std::string_view mode;
  std::string_view label;
  std::string_view action;
  std::string_view summary;
  bool uses_planner;
  int base_seconds;
  std::vector<std::string_view> length;  // one field: its value; two: their difference
  int default_length_seconds;
};

const std::array<ModeTexts, 5>& mode_texts() {
  static const std::array<ModeTexts, 5> kModes{{
      {"generate",
       "Generate",
       "Generate",
       "A new song from a style prompt and, if you like, lyrics.",
       true,
       30,
       {"duration_s"},
       30},
      {"cover",
       "Cover",
       "Generate cover",
       "A new song in the style of a reference clip.",
       false,
       40,
       {"duration_s"},
       30},
      {"extend",
       "Extend",
       "Extend",
       "A seed song and what comes after it.",
       false,
       30,
       {"extra_duration_s"},
       20},
      {"edit",
       "Edit",
       "Apply edit",
       "A song with one segment sung or played anew.",
       false,
       30,
       {"segment_end_s", "segment_start_s"},
       8},
      {"lyrics",
       "Lyrics",
       "Draft lyrics",
       "Section-tagged lyrics from a short brief.",
       false,
       15,
       {},
       0},
  }};
  return kModes;
}

Json number_or_null(double value, double none) { return value == none ? Json() : Json(value); }

Json range_json(double min, double max) {
  Json range = Json::object();
  range.set("min", number_or_null(min, std::numeric_limits<double>::lowest()));
  range.set("max", number_or_null(max, std::numeric_limits<double>::max()));
  return range;
}

std::string_view type_of(const Field& field) {
  if (parse_upload_role(field.name)) return "upload";
  if (!field.choices.empty()) return "choice";
  if (std::holds_alternative<bool*>(field.member)) return "boolean";
  if (std::holds_alternative<std::string*>(field.member)) return "text";
  const bool is_real = std::holds_alternative<double*>(field.member) ||
                       std::holds_alternative<std::optional<double>*>(field.member);
  return is_real ? "number" : "integer";
}

Json choices_json(const Field& field) {
  Json list = Json::array();
  for (size_t i = 0; i < field.choices.size(); ++i) {
    const std::string& label =
        field.choice_labels.empty() ? field.choices[i] : field.choice_labels[i];
    if (label.empty()) continue;
    Json choice = Json::object();
    choice.set("value", field.choices[i]);
    choice.set("label", label);
    list.push_back(choice);
  }
  return list;
}

Json endings(const std::vector<std::string_view>& names) {
  Json list = Json::array();
  for (const std::string_view name : names) list.push_back(name);
  return list;
}

// An audio upload: the range counts seconds, not the characters of its id.
void add_upload(Json& row, UploadRole role) {
  const UploadLimits limits = upload_limits(role);
  row.set("range", range_json(limits.min_seconds, limits.max_seconds));
  row.set("unit", "s");
  row.set("default", nullptr);
  row.set("accept", endings({".wav", ".mp3", ".flac"}));
  row.set("max_bytes", limits.max_bytes);
}

Json row_json(const Field& field, const Json& value) {
  const std::string_view type = type_of(field);
  const bool has_range = type == "text" || type == "number" || type == "integer";
  Json row = Json::object();
  row.set("name", field.name);
  row.set("group", field.group);
  row.set("type", type);
  row.set("label", field.label);
  row.set("help", field.help);
  row.set("placeholder", field.placeholder);
  row.set("unit", field.unit);
  row.set("range", has_range ? range_json(field.range.min, field.range.max) : Json());
  row.set("step", field.step ? Json(*field.step) : Json());
  row.set("default", value);
  row.set("when_absent", field.when_absent);
  row.set("choices", choices_json(field));
  row.set("missing", field.missing);
  row.set("accept", Json::array());
  row.set("max_bytes", nullptr);
  if (const auto role = parse_upload_role(field.name)) add_upload(row, *role);
  return row;
}

// The list of adapters, which is no row of the request's table.
Json loras_row() {
  Json row = row_json({.name = "loras",
                       .member = static_cast<std::optional<double>*>(nullptr),
                       .range = {0, kStrongestLora},
                       .help = "Adapters that colour the model, each with its own strength",
                       .label = "LoRA",
                       .step = 0.05},
                      kDefaultLoraScale);
  row.set("type", "loras");
  row.set("accept", endings({".safetensors"}));
  row.set("max_bytes", upload_limits(UploadRole::Lora).max_bytes);
  return row;
}

// What an untouched form shows for numbers that the request leaves to others.
Json value_in_force(const Field& field, const Json& written, const SamplingDefaults& defaults) {
  constexpr double kUsualSegmentEnd = 30;
  const std::string path = field_path(field);
  if (path == "advanced.inference_steps") return defaults.steps;
  if (path == "advanced.guidance_scale") return defaults.guidance_scale;
  if (path == "advanced.shift") return defaults.shift;
  if (path == "segment_end_s") return kUsualSegmentEnd;
  return field.group.empty() ? written.at(field.name) : written.at(field.group).at(field.name);
}

Json rows_json(const Fields& fields, const SamplingDefaults& defaults, bool has_loras) {
  const Json written = write_json(fields);
  Json rows = Json::array();
  for (const Field& field : fields) {
    if (field.label.empty()) continue;
    rows.push_back(row_json(field, value_in_force(field, written, defaults)));
  }
  if (has_loras) rows.push_back(loras_row());
  return rows;
}

Json budget_json(const ModeTexts& texts) {
  Json length = Json::array();
  for (const std::string_view field : texts.length) length.push_back(field);
  Json budget = Json::object();
  budget.set("base_s", texts.base_seconds);
  budget.set("length", length);
  budget.set("default_length_s", texts.default_length_seconds);
  budget.set("min_s", 60);
  budget.set("max_s", 300);
  return budget;
}

}  // namespace

Json options_json(const SamplingDefaults& defaults) {
  Json modes = Json::array();
  for (const ModeTexts& texts : mode_texts()) {
    const bool is_lyrics = texts.mode == "lyrics";
    SongRequest song = is_lyrics ? SongRequest() : make_song_request(texts.mode);
    LyricsRequest lyrics;
    Json mode = Json::object();
    mode.set("mode", texts.mode);
    mode.set("label", texts.label);
    mode.set("action", texts.action);
    mode.set("summary", texts.summary);
    mode.set("uses_planner", texts.uses_planner);
    mode.set("budget", budget_json(texts));
    mode.set("fields", rows_json(is_lyrics ? fields(lyrics) : fields(song), defaults, !is_lyrics));
    modes.push_back(mode);
  }
  Json options = Json::object();
  options.set("modes", modes);
  return options;
}

}  // namespace ams
