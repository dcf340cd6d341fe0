#include "audio/tags.h"

#include <gtest/gtest.h>

#include "audio/decode.h"
#include "audio/encode.h"
#include "base/str.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

AudioTags song_tags() {
  AudioTags tags;
  tags.title = "Generate: wärme, 夜 lo-fi";
  tags.artist = "ACE Music Studio";
  tags.software = "ACE Music Studio 0.1.0";
  tags.comment = "a comment";
  tags.lyrics = "[verse]\nline one\nline two = three; #4\\";
  tags.language = "eng";
  tags.key_scale = "C# minor";
  tags.bpm = 82;
  tags.year = 2026;
  tags.request_json = R"({"mode":"generate","prompt":"warm \"lo-fi\"","seed":9911})";
  tags.user = {{"SEED", "9911"}, {"PROMPT", "warm lo-fi piano"}, {"LORAS", "a 0c94, b 11ff"}};
  return tags;
}

AudioTags round_trip(AudioFormat format, const AudioTags& tags) {
  const TemporaryFolder folder;
  EncodeOptions options;
  options.format = format;
  options.tags = tags;
  write_audio_file(folder / "song", sine(440.0, 0.3, 1.0, 48000, 2), options);
  return probe_audio_file(folder / "song", {}).tags;
}

class FullTags : public testing::TestWithParam<AudioFormat> {};

TEST_P(FullTags, all_fields_come_back) {
  const AudioTags tags = song_tags();
  const AudioTags read = round_trip(GetParam(), tags);
  EXPECT_EQ(read.title, tags.title);
  EXPECT_EQ(read.artist, tags.artist);
  EXPECT_EQ(read.software, tags.software);
  EXPECT_EQ(read.comment, tags.comment);
  EXPECT_EQ(read.lyrics, tags.lyrics);
  EXPECT_EQ(read.language, tags.language);
  EXPECT_EQ(read.key_scale, tags.key_scale);
  EXPECT_EQ(read.bpm, tags.bpm);
  EXPECT_EQ(read.year, tags.year);
  EXPECT_EQ(read.request_json, tags.request_json);
  EXPECT_EQ(read.user, tags.user);
}

INSTANTIATE_TEST_SUITE_P(tags,
                         FullTags,
                         testing::Values(AudioFormat::Mp3, AudioFormat::Flac, AudioFormat::Opus),
                         [](const auto& param) {
                           return std::string(audio_format_info(param.param).name);
                         });

TEST(tags, wav_keeps_title_artist_software_and_the_request) {
  const AudioTags tags = song_tags();
  const AudioTags read = round_trip(AudioFormat::Wav16, tags);
  EXPECT_EQ(read.title, tags.title);
  EXPECT_EQ(read.artist, tags.artist);
  EXPECT_EQ(read.software, tags.software);
  EXPECT_EQ(read.language, tags.language);
  EXPECT_EQ(read.year, tags.year);
  EXPECT_EQ(read.request_json, tags.request_json);
}

TEST(tags, wav_without_a_request_keeps_the_comment) {
  AudioTags tags;
  tags.comment = "only words";
  EXPECT_EQ(round_trip(AudioFormat::Wav24, tags), tags);
}

TEST(tags, large_request_survives_in_every_format) {
  AudioTags tags;
  tags.request_json = str("{\"lyrics\":\"", std::string(30000, 'x'), "\"}");
  for (const AudioFormatInfo& info : audio_formats()) {
    EXPECT_EQ(round_trip(info.format, tags).request_json, tags.request_json) << info.name;
  }
}

TEST(tags, bytes_that_are_not_utf8_are_refused) {
  AudioTags tags;
  tags.title = "\xC3";
  EXPECT_EQ(error_of([&] { round_trip(AudioFormat::Mp3, tags); }).code(),
            ErrorCode::InvalidRequest);
  tags.title = std::string("a\0b", 3);
  EXPECT_EQ(error_of([&] { round_trip(AudioFormat::Mp3, tags); }).code(),
            ErrorCode::InvalidRequest);
  tags.title = "";
  tags.user = {{"bad key", "value"}};
  EXPECT_EQ(error_of([&] { round_trip(AudioFormat::Mp3, tags); }).code(),
            ErrorCode::InvalidRequest);
}

TEST(tags, ffprobe_reads_the_mp3_tags) {
  if (!has_program("ffprobe")) GTEST_SKIP() << "ffprobe is not installed";
  const TemporaryFolder folder;
  EncodeOptions options;
  options.format = AudioFormat::Mp3;
  options.tags = song_tags();
  write_audio_file(folder / "song.mp3", sine(440.0, 0.3, 1.0, 48000, 2), options);
  const std::string text =
      output_of(str("ffprobe -v error -show_entries format_tags ", (folder / "song.mp3").string()));
  for (const char* line : {"TAG:title=Generate: wärme, 夜 lo-fi",
                           "TAG:TBPM=82",
                           "TAG:TKEY=C# minor",
                           "TAG:SEED=9911",
                           "TAG:AMS_REQUEST={\"mode\":\"generate\""}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is missing in\n" << text;
  }
}

}  // namespace
}  // namespace ams
