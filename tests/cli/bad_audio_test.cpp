// Bad audio at the door of every command that reads some: the rows of the error matrix below HTTP.
// One line on standard error, the exit code of the reason, and no file left behind.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "audio/encode.h"
#include "base/error.h"
#include "support/program_run.h"
#include "support/test_song.h"
#include "support/wav_bytes.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kTinyKwargs =
    R"({"kwargs":{"sources":["drums","bass","other","vocals"],"segment":1,"channels":8,)"
    R"("dconv_comp":4,"dconv_mode":3,"bottom_channels":32}})";

class BadAudio : public testing::Test {
 protected:
  BadAudio() {
    fs::create_directory(work_);
    outer_.write("tiny.json", kTinyKwargs);
    outer_.write("tiny.safetensors", FormulaWeights(tiny_htdemucs()).safetensors());
  }

  std::string model() const { return (outer_.path() / "tiny.safetensors").string(); }

  // Each of these commands with `file` as its input.
  std::vector<std::vector<std::string>> commands(const std::string& file) const {
    return {{"stems", file, "--model", model(), "--device", "cpu", "--quiet"},
            {"normalise", file, "-o", "out.wav", "--quiet"},
            {"export", file, "-o", "out.mp3", "--quiet"},
            {"info", file}};
  }

  void expect_failure(const std::vector<std::string>& words,
                      ErrorCode code,
                      const std::string& text) const {
    const std::vector<std::string> before = file_names(work_);
    const ProgramResult result = program_.run(words);
    EXPECT_EQ(result.exit_code, error_code_info(code).exit_code) << words[0] << ": " << result.err;
    EXPECT_THAT(result.err, AllOf(StartsWith("ams: "), HasSubstr(text))) << words[0];
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(file_names(work_), before) << words[0];
  }

  // Every command refuses these bytes.
  void expect_refused(const std::string& bytes, ErrorCode code, const std::string& text) const {
    const fs::path file = outer_.write("in.wav", bytes);
    for (const auto& words : commands(file.string())) expect_failure(words, code, text);
  }

  void write(const char* name, const AudioBuffer& audio) const {
    EncodeOptions options;
    options.format = AudioFormat::Wav32Float;
    write_audio_file(work_ / name, audio, options);
  }

  static std::string wav_of(const std::vector<float>& samples, int64_t rate = 48000) {
    WavParts parts;
    parts.format_tag = 3;
    parts.bits = 32;
    parts.sample_rate = rate;
    parts.data = float32(samples);
    return wav_bytes(parts);
  }

  const TemporaryFolder outer_;
  const fs::path work_ = outer_.path() / "work";
  const ProgramRunner program_{AMS_TEST_PROGRAM, work_};
};

TEST_F(BadAudio, row_5_other_formats_are_named) {
  expect_refused("%PDF-1.7 ......", ErrorCode::Unsupported, "PDF document");
  expect_refused("#EXTM3U\nfile:///etc/passwd\n", ErrorCode::Unsupported, "playlist");
  expect_refused("\x89PNG\r\n\x1A\n....", ErrorCode::Unsupported, "PNG image");
}

TEST_F(BadAudio, row_5_video_is_refused) {
  const ProgramRunner ffmpeg("ffmpeg", outer_.path());
  const ProgramResult made = ffmpeg.run({"-v",
                                         "error",
                                         "-f",
                                         "lavfi",
                                         "-i",
                                         "testsrc=d=1:s=64x64:r=5",
                                         "-f",
                                         "lavfi",
                                         "-i",
                                         "sine=d=1",
                                         "-c:v",
                                         "mpeg4",
                                         "-c:a",
                                         "aac",
                                         "clip.mp4"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  for (const auto& words : commands((outer_.path() / "clip.mp4").string())) {
    expect_failure(words, ErrorCode::Unsupported, "is a video");
  }
}

TEST_F(BadAudio, row_5_encrypted_audio_is_refused) {
  const ProgramRunner ffmpeg("ffmpeg", outer_.path());
  const ProgramResult made = ffmpeg.run({"-v",
                                         "error",
                                         "-f",
                                         "lavfi",
                                         "-i",
                                         "sine=d=1",
                                         "-c:a",
                                         "aac",
                                         "-encryption_scheme",
                                         "cenc-aes-ctr",
                                         "-encryption_key",
                                         "76a6c65c5ea762046bd749a2e632ccbb",
                                         "-encryption_kid",
                                         "a7e61c373e219033c21091fa607bf3b8",
                                         "-f",
                                         "mp4",
                                         "drm.m4a"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  for (const auto& words : commands((outer_.path() / "drm.m4a").string())) {
    expect_failure(words, ErrorCode::Unsupported, "DRM");
  }
}

TEST_F(BadAudio, row_6_ten_hours_are_refused_by_the_header) {
  WavParts parts;
  parts.bits = 8;
  parts.sample_rate = 8000;
  parts.data = std::string(size_t{8000} * 601, '\x80');
  expect_refused(wav_bytes(parts), ErrorCode::Unsupported, "lasts 601 s");
  parts.data.resize(8000);
  parts.stated_data_bytes = INT64_C(36000) * 8000;
  expect_refused(wav_bytes(parts), ErrorCode::CorruptFile, "cut off");
}

// The file has a hole, so that it takes no place on the disk.
TEST_F(BadAudio, row_7_files_that_are_too_large_are_refused_unread) {
  const fs::path file = outer_.write("in.wav", wav_of({0.1f, 0.2f}));
  fs::resize_file(file, uintmax_t{513} << 20);
  for (const auto& words : commands(file.string())) {
    expect_failure(words, ErrorCode::Unsupported, "at most");
  }
}

TEST_F(BadAudio, row_8_files_without_samples_are_refused) {
  expect_refused("", ErrorCode::CorruptFile, "an empty file");
  expect_refused(wav_of({}), ErrorCode::CorruptFile, "holds no samples");
}

TEST_F(BadAudio, row_8_one_sample_is_exported_but_has_no_loudness) {
  const std::string file = outer_.write("in.wav", wav_of({0.5f})).string();
  EXPECT_EQ(program_.run({"export", file, "-o", "a.wav", "-q"}).exit_code, 0);
  EXPECT_EQ(program_.run({"stems", file, "--model", model(), "-q", "-o", "."}).exit_code, 0);
  EXPECT_THAT(program_.run({"info", file}).out, HasSubstr("loudness   not measurable"));
  expect_failure({"normalise", file, "-q"}, ErrorCode::InvalidRequest, "shorter than 0.4 s");
}

TEST_F(BadAudio, row_9_truncated_audio_is_refused) {
  WavParts parts;
  parts.data = pcm16(std::vector<int16_t>(4800, 1000));
  parts.stated_data_bytes = INT64_C(9600) * 2;
  expect_refused(wav_bytes(parts), ErrorCode::CorruptFile, "cut off");
}

TEST_F(BadAudio, row_9_samples_that_are_no_numbers_are_refused) {
  std::vector<float> samples(4800, 0.25f);
  samples[700] = std::numeric_limits<float>::quiet_NaN();
  expect_refused(wav_of(samples), ErrorCode::CorruptFile, "NaN or infinite");
  samples[700] = std::numeric_limits<float>::infinity();
  expect_refused(wav_of(samples), ErrorCode::CorruptFile, "NaN or infinite");
}

TEST_F(BadAudio, row_29_missing_files_are_not_found) {
  for (const auto& words : commands("none.wav")) {
    expect_failure(words, ErrorCode::NotFound, "none.wav");
  }
}

TEST_F(BadAudio, row_30_missing_and_broken_stem_models_leave_the_song_alone) {
  write("song.wav", make_test_song());
  const std::string before = file_text(work_ / "song.wav");
  expect_failure({"stems", "song.wav", "-q", "--model", "htdemucs_ft"},
                 ErrorCode::NotFound,
                 "'htdemucs_ft' is in none of");
  const std::string weights = file_text(model());
  outer_.write("tiny.safetensors", weights.substr(0, weights.size() / 3));
  expect_failure({"stems", "song.wav", "-q", "--model", model()}, ErrorCode::CorruptFile, "tiny");
  expect_failure(
      {"stems", "song.wav", "-q", "--model", outer_.write("x.th", "cos\nsystem\n").string()},
      ErrorCode::Unsupported,
      "x.th");
  EXPECT_EQ(before, file_text(work_ / "song.wav"));
}

TEST_F(BadAudio, row_31_silence_has_no_loudness) {
  write("song.wav", silent_audio(48000, 2, 48000));
  expect_failure({"normalise", "song.wav", "-q"}, ErrorCode::InvalidRequest, "silent");
  write("song.wav", make_test_song({.seconds = 0.3}));
  expect_failure({"normalise", "song.wav", "-q"}, ErrorCode::InvalidRequest, "0.4 s");
}

TEST_F(BadAudio, row_32_rates_that_mp3_cannot_hold_leave_no_file) {
  write("song.wav", make_test_song());
  expect_failure({"export", "song.wav", "-o", "a.mp3", "--sample-rate", "96000", "-q"},
                 ErrorCode::InvalidRequest,
                 "96000");
  expect_failure({"export", "song.wav", "-o", "a.ogg", "-q"},
                 ErrorCode::InvalidRequest,
                 ".wav, .flac, .mp3, .opus");
  expect_failure({"export", "song.wav", "-o", "a.mp3", "--format", "flac", "-q"},
                 ErrorCode::InvalidRequest,
                 "ends in .flac");
}

// A limit on the size of files fails a write as a full disk does.
TEST_F(BadAudio, row_33_full_disk_leaves_no_file) {
  write("song.wav", make_test_song({.seconds = 4.0}));
  const rlimit limit{rlim_t{50} << 10, rlim_t{50} << 10};
  for (const auto& words : commands("song.wav")) {
    if (words[0] == "info") continue;
    const ProgramResult result = program_.run(words, [limit] { setrlimit(RLIMIT_FSIZE, &limit); });
    EXPECT_EQ(result.exit_code, 1) << words[0] << result.err;
    EXPECT_THAT(result.err, HasSubstr("cannot be written"));
    EXPECT_THAT(file_names(work_), ElementsAre("song.wav"));
  }
}

TEST_F(BadAudio, the_source_is_never_overwritten) {
  write("song.wav", make_test_song());
  expect_failure({"export", "song.wav", "-o", "song.wav"}, ErrorCode::InvalidRequest, "itself");
  expect_failure(
      {"normalise", "song.wav", "-o", "./song.wav"}, ErrorCode::InvalidRequest, "itself");
}

TEST_F(BadAudio, mono_surround_and_odd_rates_are_taken) {
  for (const int64_t rate : {8000, 192000}) {
    for (const int64_t channels : {1, 6}) {
      write("in.wav", make_test_song({.seconds = 0.6, .sample_rate = rate, .channels = channels}));
      for (const auto& words : commands("in.wav")) {
        EXPECT_EQ(program_.run(words).exit_code, 0) << words[0] << ' ' << rate << ' ' << channels;
      }
    }
  }
}

}  // namespace
}  // namespace ams
