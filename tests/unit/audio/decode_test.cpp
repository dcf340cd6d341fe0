// Foreign files, made by independent programs, through the decoder.
#include "audio/decode.h"

#include <stop_token>

#include <gtest/gtest.h>

#include "audio/encode.h"
#include "audio/level.h"
#include "audio/resample.h"
#include "base/str.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

struct ForeignCase {
  const char* name;
  const char* options;  // of ffmpeg
  const char* extension;
  double tolerance_seconds;
};

class Foreign : public testing::TestWithParam<ForeignCase> {};

// A 440 Hz tone of two seconds comes out of every container at its level and pitch.
TEST_P(Foreign, decodes_to_the_tone_that_went_in) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const auto path = folder / str("tone", GetParam().extension);
  output_of(str("ffmpeg -v error -f lavfi -i sine=f=440:d=2:r=48000 -af volume=4 ",
                GetParam().options,
                " -y ",
                path.string()));
  const DecodedAudio read = decode_audio_file(path, {});
  EXPECT_NEAR(read.audio.seconds(), 2.0, GetParam().tolerance_seconds);
  const AudioBuffer studio = to_studio_format(read.audio);
  EXPECT_EQ(studio.channels(), 2);
  EXPECT_EQ(studio.sample_rate, 48000);
  const AudioBuffer middle = slice_audio(studio, 24000, 72000);
  EXPECT_NEAR(peak_amplitude(middle), 0.5f, 0.06f);
  int64_t crossings = 0;
  for (size_t i = 1; i < 48000; ++i) {
    crossings += middle.channel(0)[i - 1] < 0.0f && middle.channel(0)[i] >= 0.0f ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(crossings), 440.0, 1.0);
}

INSTANTIATE_TEST_SUITE_P(
    decode,
    Foreign,
    testing::Values(ForeignCase{"wav_u8", "-c:a pcm_u8", ".wav", 0.0},
                    ForeignCase{"wav_f64", "-c:a pcm_f64le", ".wav", 0.0},
                    ForeignCase{"wav_8k", "-ar 8000", ".wav", 0.0},
                    ForeignCase{"wav_192k", "-ar 192000", ".wav", 1e-4},
                    ForeignCase{
                        "wav_5_1", "-af \"volume=4,pan=5.1|c0=c0|c1=c0|c2=c0\"", ".wav", 0.0},
                    ForeignCase{"flac", "-ar 44100", ".flac", 1e-4},
                    ForeignCase{"mp3", "-b:a 192k", ".mp3", 1e-4},
                    ForeignCase{"mp3_without_header", "-write_xing 0", ".mp3", 0.08},
                    ForeignCase{"vorbis", "-c:a libvorbis", ".ogg", 1e-4},
                    ForeignCase{"opus", "-c:a libopus", ".ogg", 1e-4},
                    ForeignCase{"m4a", "-c:a aac", ".m4a", 0.05},
                    ForeignCase{"m4a_alac", "-c:a alac", ".m4a", 1e-4},
                    ForeignCase{"adts", "-c:a aac", ".aac", 0.08},
                    ForeignCase{"webm_opus", "-c:a libopus", ".webm", 0.01}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(decode, file_and_memory_agree) {
  const TemporaryFolder folder;
  write_audio_file(folder / "a.wav", white_noise(0.5, 0.5, 44100, 2, 1), {});
  const std::string bytes = read_file(folder / "a.wav");
  EXPECT_EQ(decode_audio(as_bytes_of(bytes), "upload", {}).audio.samples,
            decode_audio_file(folder / "a.wav", {}).audio.samples);
}

TEST(decode, judges_by_content_not_by_name) {
  const TemporaryFolder folder;
  EncodeOptions options;
  options.format = AudioFormat::Flac;
  write_audio_file(folder / "song.mp3", white_noise(0.5, 0.5, 44100, 2, 1), options);
  EXPECT_EQ(decode_audio_file(folder / "song.mp3", {}).source.container, "FLAC");
}

TEST(decode, keeps_only_the_first_two_of_six_channels) {
  WavParts parts;
  parts.channels = 6;
  parts.data = pcm16({100, 200, 300, 400, 500, 600, 110, 210, 310, 410, 510, 610});
  const DecodedAudio read = decode_audio(as_bytes_of(wav_bytes(parts)), "5.1", {});
  EXPECT_EQ(read.source.channels, 6);
  ASSERT_EQ(read.audio.channels(), 2);
  const std::vector<float> expected{
      100.0f / 32768.0f, 110.0f / 32768.0f, 200.0f / 32768.0f, 210.0f / 32768.0f};
  EXPECT_EQ(read.audio.samples.data, expected);
}

TEST(decode, one_sample_is_audio_but_may_be_too_short) {
  WavParts parts;
  parts.data = pcm16({-32768});
  const std::string bytes = wav_bytes(parts);
  EXPECT_EQ(decode_audio(as_bytes_of(bytes), "one", {}).audio.samples.data,
            std::vector<float>{-1.0f});
  DecodeOptions options;
  options.min_seconds = 1.0;
  EXPECT_EQ(error_of([&] { decode_audio(as_bytes_of(bytes), "one", options); }).code(),
            ErrorCode::InvalidRequest);
}

TEST(decode, wav_that_was_streamed_without_a_length_is_read_to_its_end) {
  WavParts parts;
  parts.data = pcm16(std::vector<int16_t>(4800, 1000));
  parts.stated_data_bytes = 0xFFFFFFFFLL;
  EXPECT_EQ(decode_audio(as_bytes_of(wav_bytes(parts)), "stream", {}).audio.length(), 4800);
}

TEST(decode, stops_when_asked) {
  const TemporaryFolder folder;
  write_audio_file(folder / "a.wav", white_noise(0.5, 2.0, 44100, 2, 1), {});
  std::stop_source stop;
  stop.request_stop();
  DecodeOptions options;
  options.stop = stop.get_token();
  EXPECT_EQ(error_of([&] { decode_audio_file(folder / "a.wav", options); }).code(),
            ErrorCode::Cancelled);
}

TEST(decode, probe_reads_headers_only) {
  const TemporaryFolder folder;
  write_audio_file(folder / "a.wav", white_noise(0.5, 2.0, 44100, 2, 1), {});
  const AudioSource source = probe_audio_file(folder / "a.wav", {});
  EXPECT_EQ(source.container, "WAV");
  EXPECT_EQ(source.codec, "pcm_s16le");
  EXPECT_EQ(source.sample_rate, 44100);
  EXPECT_EQ(source.channels, 2);
  EXPECT_EQ(source.bits, 16);
  EXPECT_DOUBLE_EQ(source.seconds, 2.0);
}

}  // namespace
}  // namespace ams
