// The allow-list of containers, by their first bytes.
#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "audio/media_input.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view demuxer;  // empty: recognised, but not allowed
  std::string_view label;
};

using std::string_view_literals::operator""sv;

constexpr std::array kMagics{
    Magic{8, "WAVE"sv, "wav"sv, "WAV"sv},
    Magic{0, "fLaC"sv, "flac"sv, "FLAC"sv},
    Magic{0, "OggS"sv, "ogg"sv, "Ogg"sv},
    Magic{4, "ftyp"sv, "mov"sv, "MP4/M4A"sv},
    Magic{0, "\x1A\x45\xDF\xA3"sv, "matroska"sv, "WebM/Matroska"sv},
    Magic{8, "AVI "sv, ""sv, "AVI video"sv},
    Magic{8, "WEBP"sv, ""sv, "WebP image"sv},
    Magic{8, "AIFF"sv, ""sv, "AIFF audio"sv},
    Magic{8, "AIFC"sv, ""sv, "AIFF audio"sv},
    Magic{0, "\x89PNG"sv, ""sv, "PNG image"sv},
    Magic{0, "\xFF\xD8\xFF"sv, ""sv, "JPEG image"sv},
    Magic{0, "GIF8"sv, ""sv, "GIF image"sv},
    Magic{0, "%PDF"sv, ""sv, "PDF document"sv},
    Magic{0, "PK\x03\x04"sv, ""sv, "ZIP archive"sv},
    Magic{0, "\x1F\x8B"sv, ""sv, "gzip archive"sv},
    Magic{0, "MThd"sv, ""sv, "MIDI file"sv},
    Magic{0, "\x30\x26\xB2\x75"sv, ""sv, "WMA/ASF file"sv},
    Magic{0, "FLV\x01"sv, ""sv, "Flash video"sv},
    Magic{0, "#EXTM3U"sv, ""sv, "playlist"sv},
    Magic{0, "<"sv, ""sv, "HTML or XML text"sv},
    Magic{0, "{"sv, ""sv, "JSON text"sv},
};

bool matches(std::span<const uint8_t> head, const Magic& magic) {
  if (head.size() < magic.offset + magic.bytes.size()) return false;
  const auto part = head.subspan(magic.offset, magic.bytes.size());
  return std::equal(part.begin(), part.end(), magic.bytes.begin(), [](uint8_t a, char b) {
    return a == static_cast<uint8_t>(b);
  });
}

// Bytes taken by ID3v2 tags at the start of the file.
int64_t id3_size(const MediaInput& input) {
  int64_t offset = 0;
  for (int tags = 0; tags < 4; ++tags) {
    std::array<uint8_t, 10> header{};
    if (input.read_at(offset, header) < 10) break;
    if (header[0] != 'I' || header[1] != 'D' || header[2] != '3') break;
    int64_t size = 10;
    for (size_t i = 6; i < 10; ++i) size += int64_t{header[i] & 0x7F} << (7 * (9 - i));
    const bool has_footer = (header[5] & 0x10) != 0;
    offset += size + (has_footer ? 10 : 0);
  }
  return offset;
}

// An MPEG audio frame header: layer I-III with legal fields, or ADTS (layer bits 0).
Container match_mpeg(std::span<const uint8_t> head) {
  if (head.size() < 4 || head[0] != 0xFF || (head[1] & 0xE0) != 0xE0) return {};
  const int layer = (head[1] >> 1) & 3;
  if (layer == 0) {
    return (head[1] & 0xF0) == 0xF0 ? Container{"aac", "AAC"} : Container{};
  }
  const int version = (head[1] >> 3) & 3;
  const int bitrate = head[2] >> 4;
  const int rate = (head[2] >> 2) & 3;
  if (version == 1 || bitrate == 15 || rate == 3) return {};
  return {"mp3", "MP3"};
}

// A RIFF chunk's size, unless it is one that streaming writers leave in place of the true one.
std::optional<int64_t> known_chunk_size(std::span<const uint8_t, 4> bytes) {
  int64_t size = 0;
  for (size_t i = 0; i < 4; ++i) size |= int64_t{bytes[i]} << (8 * i);
  const bool placeholder =
      size == 0 || size >= 0xFFFFF000 || (size >= 0x7FFFF000 && size <= 0x7FFFFFFF);
  return placeholder ? std::nullopt : std::optional<int64_t>(size);
}

// FFmpeg reads a WAV file whose data chunk is cut off as a shorter one.
void require_complete_riff(const MediaInput& input) {
  constexpr int kMostChunks = 1000;
  int64_t offset = 12;
  for (int chunk = 0; chunk < kMostChunks; ++chunk) {
    std::array<uint8_t, 8> header{};
    if (input.read_at(offset, header) < 8) return;
    const auto size = known_chunk_size(std::span(header).last<4>());
    const bool is_data = std::equal(header.begin(), header.begin() + 4, "data");
    if (is_data && size && *size > input.size() - offset - 8) {
      throw Error(ErrorCode::CorruptFile,
                  str("audio: '",
                      input.name(),
                      "' states ",
                      *size,
                      " bytes of samples and has ",
                      input.size() - offset - 8,
                      "; the file is cut off"));
    }
    if (is_data) return;
    offset += 8 + size.value_or(0) + size.value_or(0) % 2;
  }
}

void require_complete_ogg(const MediaInput& input) {
  // A page holds at most 65307 bytes, so the last one starts within this tail.
  std::vector<uint8_t> tail(1 << 17);
  const int64_t start = std::max<int64_t>(0, input.size() - static_cast<int64_t>(tail.size()));
  tail.resize(static_cast<size_t>(input.read_at(start, tail)));
  constexpr std::string_view kPage = "OggS";
  const auto page = std::find_end(tail.begin(), tail.end(), kPage.begin(), kPage.end());
  const auto left = static_cast<size_t>(tail.end() - page);
  bool complete = left > 27 && left >= size_t{27} + page[26];
  if (complete) {
    size_t size = size_t{27} + page[26];
    for (size_t i = 0; i < page[26]; ++i) size += page[static_cast<std::ptrdiff_t>(27 + i)];
    complete = size <= left;
  }
  if (!complete) {
    throw Error(ErrorCode::CorruptFile,
                str("audio: '", input.name(), "' ends inside an Ogg page; the file is cut off"));
  }
}

}  // namespace

Container sniff_container(const MediaInput& input) {
  std::vector<uint8_t> head(64);
  const int64_t start = id3_size(input);
  head.resize(static_cast<size_t>(input.read_at(start, head)));
  if (input.size() == 0) return {"", "an empty file"};
  if (Container mpeg = match_mpeg(head); !mpeg.demuxer.empty()) return mpeg;
  for (const Magic& magic : kMagics) {
    if (!matches(head, magic)) continue;
    return {std::string(magic.demuxer), std::string(magic.label)};
  }
  return {"", start > 0 ? "an ID3 tag without audio" : "unknown data"};
}

void require_complete_container(const MediaInput& input, const Container& container) {
  if (container.demuxer == "wav") require_complete_riff(input);
  if (container.demuxer == "ogg") require_complete_ogg(input);
}

}  // namespace ams
