#include "audio/tag_dictionary.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr size_t kMaxTagBytes = size_t{1} << 20;  // of one value, when reading

struct TextField {
  std::string AudioTags::*member;
  std::string_view label;  // for messages
  std::string_view id3;
  std::string_view vorbis;
  std::string_view riff;  // empty: the format has no place for it
};

// Names as FFmpeg's muxers and demuxers use them.
constexpr std::array kTextFields{
    TextField{&AudioTags::title, "title", "title", "title", "title"},
    TextField{&AudioTags::artist, "artist", "artist", "artist", "artist"},
    TextField{&AudioTags::software, "software", "encoder", "encoder", "encoder"},
    TextField{&AudioTags::comment, "comment", "comment", "comment", ""},
    TextField{&AudioTags::lyrics, "lyrics", "lyrics", "lyrics", ""},
    TextField{&AudioTags::language, "language", "language", "language", "language"},
    TextField{&AudioTags::key_scale, "key_scale", "TKEY", "INITIALKEY", ""},
    TextField{&AudioTags::request_json, "request_json", "AMS_REQUEST", "AMS_REQUEST", "comment"},
};

struct NumberField {
  std::optional<int64_t> AudioTags::*member;
  std::string_view id3;
  std::string_view vorbis;
  std::string_view riff;
};

constexpr std::array kNumberFields{
    NumberField{&AudioTags::bpm, "TBPM", "BPM", ""},
    NumberField{&AudioTags::year, "date", "date", "date"},
};

// The muxers' own entries, which say nothing about the song.
constexpr std::array<std::string_view, 7> kIgnoredKeys{"major_brand",
                                                       "minor_version",
                                                       "compatible_brands",
                                                       "handler_name",
                                                       "vendor_id",
                                                       "duration",
                                                       "TLEN"};

template <typename Field>
std::string_view key_of(const Field& field, TagStyle style) {
  if (style == TagStyle::Id3) return field.id3;
  return style == TagStyle::VorbisComment ? field.vorbis : field.riff;
}

bool same_key(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

void set_entry(AVDictionary** dictionary, std::string_view key, const std::string& value) {
  if (value.empty()) return;
  if (!is_utf8(value) || value.find('\0') != std::string::npos) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: tag '", key, "' is not UTF-8 text without NUL bytes"));
  }
  if (av_dict_set(dictionary, std::string(key).c_str(), value.c_str(), 0) < 0) {
    throw Error(ErrorCode::OutOfMemory, "audio: no memory for a tag");
  }
}

void require_user_key(std::string_view key) {
  if (is_tag_name(key)) return;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: tag name '", key, "' must be printable ASCII without blanks and '='"));
}

std::string valid_text(const char* value) {
  std::string text(value);
  if (text.size() > kMaxTagBytes) text.resize(kMaxTagBytes);
  while (!text.empty() && text.size() >= kMaxTagBytes && !is_utf8(text)) {
    if (text.size() + 4 < kMaxTagBytes) break;
    text.pop_back();
  }
  if (is_utf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

bool read_known(std::string_view key, const std::string& value, AudioTags& tags) {
  for (const TextField& field : kTextFields) {
    // ID3 lyrics come back as "lyrics-eng".
    const bool lyrics = field.label == "lyrics" && same_key(key.substr(0, 7), "lyrics-");
    const bool named =
        same_key(key, field.label) || same_key(key, field.id3) || same_key(key, field.vorbis);
    if (!lyrics && !named) continue;
    std::string& target = tags.*field.member;
    if (target.empty()) target = value;
    return true;
  }
  for (const NumberField& field : kNumberFields) {
    if (!same_key(key, field.id3) && !same_key(key, field.vorbis)) continue;
    int64_t number = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    if (parsed.ec == std::errc() && !(tags.*field.member)) tags.*field.member = number;
    return true;
  }
  return std::any_of(kIgnoredKeys.begin(), kIgnoredKeys.end(), [&](std::string_view ignored) {
    return same_key(key, ignored);
  });
}

}  // namespace

bool is_tag_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '=';
  });
}

void write_tags(const AudioTags& tags, TagStyle style, AVDictionary** dictionary) {
  if (style == TagStyle::RiffInfo && tags.request_json.empty()) {
    set_entry(dictionary, "comment", tags.comment);
  }
  for (const TextField& field : kTextFields) {
    const std::string_view key = key_of(field, style);
    if (!key.empty()) set_entry(dictionary, key, tags.*field.member);
  }
  for (const NumberField& field : kNumberFields) {
    const std::string_view key = key_of(field, style);
    const std::optional<int64_t>& number = tags.*field.member;
    if (!key.empty() && number) set_entry(dictionary, key, std::to_string(*number));
  }
  if (style == TagStyle::RiffInfo) return;
  for (const auto& [key, value] : tags.user) {
    require_user_key(key);
    set_entry(dictionary, key, value);
  }
}

void read_tags(const AVDictionary* dictionary, AudioTags& tags) {
  const AVDictionaryEntry* entry = nullptr;
  while ((entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    const std::string value = valid_text(entry->value);
    const std::string key = valid_text(entry->key);
    if (!read_known(key, value, tags)) tags.user.emplace(key, value);
  }
  // RIFF INFO has one comment, where our writer puts the request.
  if (tags.request_json.empty() && tags.comment.starts_with('{')) {
    tags.request_json.swap(tags.comment);
  }
}

}  // namespace ams
