#include "studio/requests/song_request.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<SongRequest>> kModes{
    "generate", "cover", "extend", "edit"};

}  // namespace

std::vector<std::string> song_modes() { return {kModes.begin(), kModes.end()}; }

std::string_view mode_of(const SongRequest& request) { return kModes[request.index()]; }

SongRequest make_song_request(std::string_view mode) {
  if (mode == "generate") return GenerateRequest();
  if (mode == "cover") return CoverRequest();
  if (mode == "extend") return ExtendRequest();
  if (mode == "edit") return EditRequest();
  throw Error(
      ErrorCode::InvalidRequest,
      str("request: 'mode' is '", mode, "', expected one of: generate, cover, extend, edit"));
}

SongControls& controls_of(SongRequest& request) {
  return std::visit([](auto& each) -> SongControls& { return each; }, request);
}

const SongControls& controls_of(const SongRequest& request) {
  return std::visit([](const auto& each) -> const SongControls& { return each; }, request);
}

std::string_view prompt_of(const SongRequest& request) {
  return std::visit([](const auto& each) -> std::string_view { return each.prompt; }, request);
}

std::string_view lyrics_of(const SongRequest& request) {
  return std::visit([](const auto& each) -> std::string_view { return each.lyrics; }, request);
}

Fields fields(SongRequest& request) {
  return std::visit([](auto& each) { return fields(each); }, request);
}

Fields mode_fields(SongRequest& request) {
  // Rows of every mode, and texts that metadata gives elsewhere or not at all.
  const std::set<std::string> elsewhere = {"prompt",
                                           "extra_prompt",
                                           "edit_prompt",
                                           "lyrics",
                                           "extension_lyrics",
                                           "target_lyrics",
                                           "source_lyrics",
                                           "duration_s",
                                           "instrumental",
                                           "ref_audio",
                                           "seed_audio",
                                           "source_audio"};
  Fields rows = fields(request);
  std::set<std::string> shared;
  for (const Field& field : control_fields(controls_of(request))) shared.insert(field_path(field));
  std::erase_if(rows, [&](const Field& field) {
    return elsewhere.count(field.name) != 0 || shared.count(field_path(field)) != 0;
  });
  return rows;
}

void validate(SongRequest& request) {
  std::visit([](auto& each) { validate(each); }, request);
}

}  // namespace ams
