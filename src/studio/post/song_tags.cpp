#include "studio/post/song_tags.h"

#include <cctype>
#include <string_view>

#include "base/build_info.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr const char* kArtist = "ACE Music Studio";
constexpr size_t kTitleCharacters = 60;

// The first characters (code points) of a text.
std::string beginning(std::string_view text, size_t characters) {
  size_t bytes = 0;
  for (; bytes < text.size(); ++bytes) {
    const bool starts_character = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (starts_character && characters-- == 0) break;
  }
  return std::string(text.substr(0, bytes));
}

// A tag ends at the first NUL byte; a prompt may have one.
std::string without_nul(std::string_view text) {
  std::string kept(text);
  std::erase(kept, '\0');
  return kept;
}

std::string capitalised(std::string_view word) {
  std::string text(word);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// The user's own word, else what the planner chose; "unknown" and "auto" say nothing.
std::string known(const std::string& own, const std::string& planned) {
  for (const std::string& value : {own, planned}) {
    if (!value.empty() && value != "unknown" && value != "auto" && value != "N/A") return value;
  }
  return "";
}

std::string adapters(const SongReport& report) {
  std::string text;
  for (const SongLora& lora : report.loras) {
    text += str(text.empty() ? "" : "; ", lora.name, "=", lora.scale, " sha256:", lora.sha256);
  }
  return text;
}

std::string models(const LoadedModels& loaded) {
  std::string text = loaded.dit;
  for (const std::string* name : {&loaded.lm, &loaded.text_encoder, &loaded.vae}) {
    if (!name->empty()) text += (text.empty() ? "" : ", ") + *name;
  }
  return text;
}

}  // namespace

AudioTags song_tags(const SongRequest& request,
                    const SongReport& report,
                    const SongTagFacts& facts) {
  const PlannedSong planned = report.lm_result.value_or(PlannedSong{});
  const AdvancedOptions& own = controls_of(request).advanced;
  AudioTags tags;
  const std::string prompt = without_nul(prompt_of(request));
  tags.title = capitalised(mode_of(request));
  if (!prompt.empty()) tags.title += str(": ", beginning(prompt, kTitleCharacters));
  tags.artist = kArtist;
  tags.software = str(kArtist, " ", version());
  tags.lyrics = without_nul(lyrics_of(request));
  tags.language = known(own.vocal_language, planned.vocal_language);
  tags.key_scale = known(own.keyscale, planned.keyscale);
  tags.bpm = own.bpm ? own.bpm : planned.bpm;
  if (facts.year > 0) tags.year = facts.year;
  tags.request_json = facts.request_json;
  tags.user["AMS_SEED"] = std::to_string(report.seed);
  tags.user["AMS_PROMPT"] = prompt;
  tags.user["AMS_LORAS"] = adapters(report);
  tags.user["AMS_MODELS"] = models(report.models);
  tags.user["AMS_JOB_ID"] = facts.job_id;
  std::erase_if(tags.user, [](const auto& entry) { return entry.second.empty(); });
  return tags;
}

}  // namespace ams
