// Corrupt, lying, oversized and foreign files. Each is refused with a reason, never by a crash.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "audio/decode.h"
#include "audio/encode.h"
#include "base/str.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

Error decode_error(const std::string& bytes, const DecodeOptions& options = {}) {
  return error_of([&] { decode_audio(as_bytes_of(bytes), "upload", options); });
}

std::string encoded(AudioFormat format, const AudioBuffer& audio) {
  const TemporaryFolder folder;
  EncodeOptions options;
  options.format = format;
  write_audio_file(folder / "song", audio, options);
  return read_file(folder / "song");
}

void expect_error(const Error& error, ErrorCode code, const std::string& words) {
  EXPECT_EQ(error_code_info(error.code()).name, error_code_info(code).name) << error.what();
  EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
}

TEST(hostile, foreign_content_is_named) {
  expect_error(decode_error(""), ErrorCode::CorruptFile, "an empty file");
  expect_error(decode_error("x"), ErrorCode::Unsupported, "unknown data");
  expect_error(decode_error(std::string(1000, '\0')), ErrorCode::Unsupported, "unknown data");
  expect_error(decode_error("\x89PNG\r\n\x1A\n...."), ErrorCode::Unsupported, "PNG image");
  expect_error(decode_error("%PDF-1.7 ......"), ErrorCode::Unsupported, "PDF document");
  expect_error(decode_error("#EXTM3U\nfile:///etc/passwd\n"), ErrorCode::Unsupported, "playlist");
  expect_error(decode_error("RIFF....AVI LIST"), ErrorCode::Unsupported, "AVI video");
}

TEST(hostile, missing_file_is_not_found) {
  const TemporaryFolder folder;
  expect_error(error_of([&] { decode_audio_file(folder / "none.wav", {}); }),
               ErrorCode::NotFound,
               "does not exist");
  expect_error(error_of([&] { decode_audio_file(folder.path(), {}); }),
               ErrorCode::NotFound,
               "not a regular file");
}

TEST(hostile, wav_without_samples) {
  expect_error(decode_error(wav_bytes({})), ErrorCode::CorruptFile, "holds no samples");
}

TEST(hostile, wav_with_a_lying_length) {
  WavParts parts;
  parts.data = pcm16(std::vector<int16_t>(4800, 1000));
  parts.stated_data_bytes = int64_t{4802} * 2;
  expect_error(decode_error(wav_bytes(parts)), ErrorCode::CorruptFile, "cut off");
}

TEST(hostile, wav_that_claims_ten_hours) {
  WavParts parts;
  parts.data = pcm16(std::vector<int16_t>(4800, 1000));
  parts.stated_data_bytes = INT64_C(36000) * 48000 * 2;
  expect_error(decode_error(wav_bytes(parts)), ErrorCode::CorruptFile, "cut off");
}

TEST(hostile, wav_that_is_too_long_is_refused_by_its_header) {
  WavParts parts;
  parts.bits = 8;
  parts.sample_rate = 8000;
  parts.data = std::string(size_t{8000} * 601, '\x80');
  expect_error(decode_error(wav_bytes(parts)), ErrorCode::Unsupported, "lasts 601 s");
}

TEST(hostile, wav_with_impossible_header_fields) {
  WavParts parts;
  parts.data = pcm16(std::vector<int16_t>(4800, 1000));
  for (const int channels : {0, 17, 65535}) {
    parts.channels = channels;
    EXPECT_NE(decode_error(wav_bytes(parts)).code(), ErrorCode::Internal) << channels;
  }
  parts.channels = 1;
  for (const int64_t rate : {INT64_C(0), INT64_C(1), INT64_C(2000000), INT64_C(4294967295)}) {
    parts.sample_rate = rate;
    EXPECT_NE(decode_error(wav_bytes(parts)).code(), ErrorCode::Internal) << rate;
  }
  parts.sample_rate = 48000;
  for (const int bits : {0, 65535}) {
    parts.bits = bits;
    EXPECT_NE(decode_error(wav_bytes(parts)).code(), ErrorCode::Internal) << bits;
  }
  parts.bits = 16;
  parts.format_tag = 0x161;  // Windows Media Audio inside a WAV
  EXPECT_NE(decode_error(wav_bytes(parts)).code(), ErrorCode::Internal);
}

TEST(hostile, nan_and_infinite_samples) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    WavParts parts;
    parts.format_tag = 3;
    parts.bits = 32;
    std::vector<float> samples(1000, 0.25f);
    samples[700] = bad;
    parts.data = float32(samples);
    expect_error(decode_error(wav_bytes(parts)), ErrorCode::CorruptFile, "NaN or infinite");
  }
}

TEST(hostile, truncated_files_of_every_format) {
  const AudioBuffer audio = white_noise(0.3, 4.0, 48000, 2, 5);
  for (const AudioFormatInfo& info : audio_formats()) {
    const std::string whole = encoded(info.format, audio);
    ASSERT_NO_THROW(decode_audio(as_bytes_of(whole), "whole", {})) << info.name;
    for (const double share : {0.0005, 0.01, 0.3, 0.7}) {
      const auto size = static_cast<size_t>(share * static_cast<double>(whole.size()));
      const Error error = decode_error(whole.substr(0, size));
      EXPECT_TRUE(error.code() == ErrorCode::CorruptFile || error.code() == ErrorCode::Unsupported)
          << info.name << " cut to " << size << ": " << error.what();
    }
  }
}

// Any single flipped byte gives audio within the limits or an Error.
TEST(hostile, flipped_bytes_never_crash) {
  const AudioBuffer audio = white_noise(0.3, 0.2, 48000, 2, 6);
  DecodeOptions options;
  options.max_seconds = 2.0;
  for (const AudioFormatInfo& info : audio_formats()) {
    const std::string whole = encoded(info.format, audio);
    for (size_t i = 0; i < whole.size(); i += i < 200 ? 1 : 331) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ 0xFF);
      try {
        const DecodedAudio read = decode_audio(as_bytes_of(damaged), "damaged", options);
        EXPECT_LE(read.audio.seconds(), 2.0);
        EXPECT_GE(read.audio.length(), 1);
      } catch (const Error& error) {
        EXPECT_NE(error.code(), ErrorCode::Internal) << error.what();
      }
    }
  }
}

TEST(hostile, flac_damage_is_noticed) {
  std::string bytes = encoded(AudioFormat::Flac, white_noise(0.3, 1.0, 48000, 2, 8));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  EXPECT_EQ(decode_error(bytes).code(), ErrorCode::CorruptFile);
}

TEST(hostile, limits_hold_while_decoding) {
  // Silence compresses to almost nothing, so the file's size tells nothing about its length.
  std::string bytes = encoded(AudioFormat::Flac, silent_audio(48000, 2, int64_t{48000} * 30));
  EXPECT_LT(bytes.size(), size_t{40000});
  DecodeOptions options;
  options.max_seconds = 10.0;
  expect_error(decode_error(bytes, options), ErrorCode::Unsupported, "at most 10 s");
  // STREAMINFO's 36 bits of total samples, now "unknown": only counting helps.
  bytes[21] = static_cast<char>(bytes[21] & 0xF0);
  for (size_t i = 22; i < 26; ++i) bytes[i] = '\0';
  expect_error(decode_error(bytes, options), ErrorCode::Unsupported, "at most 10 s");
  options = {};
  options.max_bytes = 1000;
  expect_error(decode_error(bytes, options), ErrorCode::Unsupported, "at most 1000");
  options = {};
  options.min_sample_rate = 50000;
  expect_error(decode_error(bytes, options), ErrorCode::Unsupported, "48000 Hz");
}

TEST(hostile, video_is_refused) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  for (const char* name : {"clip.mp4", "clip.webm"}) {
    const auto path = folder / name;
    const bool webm = path.extension() == ".webm";
    output_of(str("ffmpeg -v error -f lavfi -i testsrc=d=1:s=64x64:r=5 -f lavfi -i sine=d=1 ",
                  webm ? "-c:v libvpx -c:a libopus " : "-c:v mpeg4 -c:a aac ",
                  "-y ",
                  path.string()));
    expect_error(
        error_of([&] { decode_audio_file(path, {}); }), ErrorCode::Unsupported, "is a video");
  }
}

TEST(hostile, encrypted_m4a_is_refused) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const auto path = folder / "drm.m4a";
  output_of(
      str("ffmpeg -v error -f lavfi -i sine=d=1 -c:a aac -encryption_scheme cenc-aes-ctr "
          "-encryption_key 76a6c65c5ea762046bd749a2e632ccbb "
          "-encryption_kid a7e61c373e219033c21091fa607bf3b8 -f mp4 -y ",
          path.string()));
  expect_error(error_of([&] { decode_audio_file(path, {}); }), ErrorCode::Unsupported, "DRM");
}

TEST(hostile, picture_in_the_tags_is_no_video) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const auto path = folder / "cover.mp3";
  output_of(str(
      "ffmpeg -v error -f lavfi -i sine=d=1 -f lavfi -i testsrc=d=0.2:s=64x64:r=5 -map 0 -map 1 "
      "-frames:v 1 -c:v mjpeg -pix_fmt yuvj420p -disposition:v attached_pic -y ",
      path.string()));
  EXPECT_NEAR(decode_audio_file(path, {}).audio.seconds(), 1.0, 0.001);
}

TEST(hostile, mp4_that_points_to_another_file_reads_nothing_else) {
  // A data reference of type 'alis' or 'url ' names an outside file; the demuxer may not follow it.
  if (!has_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  output_of(str("ffmpeg -v error -f lavfi -i sine=d=1 -c:a aac -y ", (folder / "a.m4a").string()));
  std::string bytes = read_file(folder / "a.m4a");
  const size_t at = bytes.find("url ");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 7] = '\0';  // flag "the samples are in this file" off
  try {
    EXPECT_LE(decode_audio(as_bytes_of(bytes), "reference", {}).audio.seconds(), 1.1);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::CorruptFile);
  }
}

}  // namespace
}  // namespace ams
