// Round trips of every format, read back by this module and by independent programs.
#include "audio/encode.h"

#include <cmath>
#include <csignal>
#include <limits>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "audio/decode.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/str.h"
#include "unit/audio/test_signals.h"

namespace ams {
namespace {

EncodeOptions as(AudioFormat format) {
  EncodeOptions options;
  options.format = format;
  return options;
}

AudioBuffer music(double seconds, int64_t rate, int64_t channels) {
  AudioBuffer audio = sweep(100.0, 5000.0, seconds, rate, channels);
  const AudioBuffer noise = white_noise(0.02, seconds, rate, channels, 7);
  for (size_t i = 0; i < audio.samples.data.size(); ++i) {
    audio.samples.data[i] += noise.samples.data[i];
  }
  return audio;
}

class Lossless : public testing::TestWithParam<AudioFormat> {};

TEST_P(Lossless, keeps_length_and_values_within_half_a_step) {
  const TemporaryFolder folder;
  const auto& info = audio_format_info(GetParam());
  const auto path = folder / str("song", info.extension);
  const double step = GetParam() == AudioFormat::Wav16        ? std::ldexp(1.0, -15)
                      : GetParam() == AudioFormat::Wav32Float ? 0.0
                                                              : std::ldexp(1.0, -23);
  for (const int64_t rate : {8000, 22050, 44100, 48000, 96000, 192000}) {
    for (const int64_t channels : {1, 2}) {
      // A length that is no multiple of any block.
      const AudioBuffer audio = slice_audio(music(0.5, rate, channels), 0, rate / 2 - 37);
      write_audio_file(path, audio, as(GetParam()));
      const DecodedAudio read = decode_audio_file(path, {});
      ASSERT_EQ(read.audio.length(), audio.length()) << rate;
      ASSERT_EQ(read.audio.channels(), channels);
      EXPECT_EQ(read.audio.sample_rate, rate);
      double worst = 0.0;
      for (size_t i = 0; i < audio.samples.data.size(); ++i) {
        const double difference = read.audio.samples.data[i] - audio.samples.data[i];
        worst = std::max(worst, std::fabs(difference));
      }
      EXPECT_LE(worst, step / 2.0 + 1e-12) << info.name << " at " << rate;
    }
  }
}

TEST_P(Lossless, second_generation_equals_the_first) {
  const TemporaryFolder folder;
  const std::string extension(audio_format_info(GetParam()).extension);
  write_audio_file(folder / ("a" + extension), music(0.4, 48000, 2), as(GetParam()));
  const DecodedAudio first = decode_audio_file(folder / ("a" + extension), {});
  write_audio_file(folder / ("b" + extension), first.audio, as(GetParam()));
  EXPECT_EQ(read_file(folder / ("a" + extension)), read_file(folder / ("b" + extension)));
}

INSTANTIATE_TEST_SUITE_P(encode,
                         Lossless,
                         testing::Values(AudioFormat::Wav16,
                                         AudioFormat::Wav24,
                                         AudioFormat::Wav32Float,
                                         AudioFormat::Flac),
                         [](const auto& param) {
                           return std::string(audio_format_info(param.param).name);
                         });

TEST(encode, lossy_formats_keep_length_and_alignment) {
  const TemporaryFolder folder;
  const AudioBuffer audio = slice_audio(music(3.0, 48000, 2), 0, 3 * 48000 - 777);
  for (const AudioFormat format : {AudioFormat::Mp3, AudioFormat::Opus}) {
    EncodeOptions options = as(format);
    options.sample_rate = 48000;
    const auto path = folder / str("song", audio_format_info(format).extension);
    write_audio_file(path, audio, options);
    const DecodedAudio read = decode_audio_file(path, {});
    EXPECT_EQ(read.audio.sample_rate, 48000);
    EXPECT_EQ(read.audio.length(), audio.length()) << audio_format_info(format).name;
    // A shift by one sample of this sweep would bring the ratio below 10 dB.
    EXPECT_GT(signal_to_noise_db(audio, read.audio, 4800), 14.0) << audio_format_info(format).name;
  }
}

TEST(encode, mp3_is_44100_hz_cbr_320k_by_default) {
  const TemporaryFolder folder;
  const AudioBuffer audio = music(4.0, 48000, 2);
  write_audio_file(folder / "song.mp3", audio, as(AudioFormat::Mp3));
  const DecodedAudio read = decode_audio_file(folder / "song.mp3", {});
  EXPECT_EQ(read.source.sample_rate, 44100);
  EXPECT_EQ(read.source.bit_rate, 320000);
  EXPECT_EQ(read.audio.length(), 4 * 44100);
  const auto size = static_cast<double>(std::filesystem::file_size(folder / "song.mp3"));
  EXPECT_NEAR(size * 8.0 / 4.0, 320000.0, 8000.0);
}

TEST(encode, rounds_to_nearest_even_and_limits_to_the_range) {
  const TemporaryFolder folder;
  constexpr float kStep = 1.0f / 32768.0f;
  AudioBuffer audio = silent_audio(48000, 1, 7);
  audio.samples.data = {
      0.5f * kStep, 1.5f * kStep, -0.5f * kStep, 0.49f * kStep, 2.0f, -2.0f, 1.0f};
  write_audio_file(folder / "a.wav", audio, as(AudioFormat::Wav16));
  const DecodedAudio read = decode_audio_file(folder / "a.wav", {});
  const std::vector<float> expected{
      0.0f, 2.0f * kStep, 0.0f, 0.0f, 32767.0f * kStep, -1.0f, 32767.0f * kStep};
  EXPECT_EQ(read.audio.samples.data, expected);
}

TEST(encode, tiles_make_the_same_bytes_as_the_whole) {
  const TemporaryFolder folder;
  const AudioBuffer audio = music(1.7, 48000, 2);
  for (const AudioFormatInfo& info : audio_formats()) {
    write_audio_file(folder / "whole", audio, as(info.format));
    AudioWriter writer(folder / "tiles", 48000, 2, as(info.format));
    const std::vector<int64_t> sizes{1, 0, 999, 1152, 4096, 7, 30000};
    int64_t start = 0;
    for (size_t i = 0; start < audio.length(); ++i) {
      const int64_t end = std::min(audio.length(), start + sizes[i % sizes.size()]);
      writer.write(slice_audio(audio, start, end).samples);
      start = end;
    }
    writer.finish();
    EXPECT_TRUE(read_file(folder / "whole") == read_file(folder / "tiles")) << info.name;
  }
}

TEST(encode, writing_twice_makes_the_same_bytes) {
  const TemporaryFolder folder;
  const AudioBuffer audio = music(0.5, 48000, 2);
  for (const AudioFormatInfo& info : audio_formats()) {
    write_audio_file(folder / "first", audio, as(info.format));
    write_audio_file(folder / "second", audio, as(info.format));
    EXPECT_TRUE(read_file(folder / "first") == read_file(folder / "second")) << info.name;
  }
}

TEST(encode, unfinished_writer_leaves_no_file) {
  const TemporaryFolder folder;
  {
    AudioWriter writer(folder / "song.wav", 48000, 2, {});
    writer.write(music(0.2, 48000, 2).samples);
    EXPECT_FALSE(std::filesystem::exists(folder / "song.wav"));
  }
  EXPECT_EQ(folder.file_count(), 0);
}

TEST(encode, finished_file_replaces_the_old_one) {
  const TemporaryFolder folder;
  write_file(folder / "song.wav", "old");
  write_audio_file(folder / "song.wav", music(0.2, 48000, 2), {});
  EXPECT_EQ(read_file(folder / "song.wav").substr(0, 4), "RIFF");
  EXPECT_EQ(folder.file_count(), 1);
}

// A file size limit makes writes fail exactly as a full disk does.
TEST(encode, full_disk_is_named_and_leaves_no_file) {
  const TemporaryFolder folder;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<Error> errors;
  for (const AudioFormatInfo& info : audio_formats()) {
    errors.push_back(error_of([&] {
      write_audio_file(folder / "song", white_noise(0.5, 8.0, 48000, 2, 3), as(info.format));
    }));
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  for (const Error& error : errors) {
    EXPECT_NE(std::string(error.what()).find("cannot be written: File too large"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(folder.file_count(), 0);
}

TEST(encode, bad_requests_are_refused_by_name) {
  const TemporaryFolder folder;
  const AudioBuffer audio = music(0.2, 48000, 2);
  EXPECT_EQ(error_of([&] { write_audio_file(folder / "no/such/a.wav", audio, {}); }).code(),
            ErrorCode::NotFound);
  EXPECT_EQ(error_of([&] { write_audio_file(folder.path(), audio, {}); }).code(),
            ErrorCode::InvalidRequest);
  EncodeOptions options = as(AudioFormat::Mp3);
  options.sample_rate = 32000;
  EXPECT_EQ(error_of([&] { write_audio_file(folder / "a.mp3", audio, options); }).code(),
            ErrorCode::InvalidRequest);
  options = as(AudioFormat::Flac);
  options.bit_rate = 128000;
  EXPECT_EQ(error_of([&] { write_audio_file(folder / "a.flac", audio, options); }).code(),
            ErrorCode::InvalidRequest);
  AudioBuffer broken = audio;
  broken.samples.data[100] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_of([&] { write_audio_file(folder / "a.wav", broken, {}); }).code(),
            ErrorCode::CorruptFile);
  EXPECT_EQ(folder.file_count(), 0);
  EXPECT_NE(std::string(error_of([] { parse_audio_format("mp4"); }).what()).find("wav32f"),
            std::string::npos);
}

TEST(encode, ffprobe_reads_every_format) {
  if (!has_program("ffprobe")) GTEST_SKIP() << "ffprobe is not installed";
  const TemporaryFolder folder;
  const AudioBuffer audio = music(2.5, 48000, 2);
  for (const AudioFormatInfo& info : audio_formats()) {
    const auto path = folder / str("song", info.extension);
    write_audio_file(path, audio, as(info.format));
    const std::string text =
        output_of(str("ffprobe -v error -show_entries stream=codec_name,sample_rate,channels ",
                      "-show_entries format=duration -of default=nk=1:nw=1 ",
                      path.string()));
    const int64_t rate = info.format == AudioFormat::Mp3 ? 44100 : 48000;
    EXPECT_NE(text.find(str("\n", rate, "\n2\n")), std::string::npos) << info.name << ": " << text;
    const double seconds = std::stod(text.substr(text.find("\n2\n") + 3));
    EXPECT_NEAR(seconds, 2.5, info.format >= AudioFormat::Mp3 ? 0.06 : 1e-6) << info.name;
  }
}

TEST(encode, sox_reads_wav_and_flac_to_the_sample) {
  if (!has_program("soxi")) GTEST_SKIP() << "sox is not installed";
  const TemporaryFolder folder;
  const AudioBuffer audio = slice_audio(music(1.0, 48000, 2), 0, 47123);
  for (const AudioFormatInfo& info : audio_formats()) {
    if (info.format == AudioFormat::Mp3 || info.format == AudioFormat::Opus) continue;
    const auto path = folder / str("song", info.extension);
    write_audio_file(path, audio, as(info.format));
    EXPECT_EQ(output_of(str("soxi -s ", path.string())), "47123\n") << info.name;
    EXPECT_EQ(output_of(str("soxi -r ", path.string())), "48000\n") << info.name;
  }
}

}  // namespace
}  // namespace ams
