// Speed of audio decoding, resampling, loudness and encoding. The counter x_realtime is seconds of
// audio per second of time.
#include <cmath>
#include <filesystem>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/loudness.h"
#include "audio/resample.h"
#include "base/str.h"

namespace ams {
namespace {

// Music-like: a bed of noise and tones with a burst each half second.
AudioBuffer test_song(double seconds, int64_t rate) {
  AudioBuffer audio =
      silent_audio(rate, 2, static_cast<int64_t>(seconds * static_cast<double>(rate)));
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> noise(-1.0f, 1.0f);
  for (int64_t c = 0; c < 2; ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) {
      const double t = static_cast<double>(i) / static_cast<double>(rate);
      const double beat = std::fmod(t, 0.5);
      const double tone = 0.15 * std::sin(t * 1382.3) + 0.1 * std::sin(t * 2073.5 + 0.3);
      const auto burst = static_cast<float>(0.02 + 0.5 * std::exp(-beat * 25.0));
      samples[i] = static_cast<float>(tone) + burst * noise(generator);
    }
  }
  return audio;
}

class Files {
 public:
  Files() : folder_(std::filesystem::temp_directory_path() / str("ams-bench-", getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

void report(benchmark::State& state, double seconds) {
  state.counters["x_realtime"] = benchmark::Counter(
      seconds * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void decode_to_studio(benchmark::State& state, AudioFormat format, int64_t rate) {
  constexpr double kSeconds = 60.0;
  const Files files;
  EncodeOptions options;
  options.format = format;
  write_audio_file(files / "song", test_song(kSeconds, rate), options);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        to_studio_format(decode_audio_file(files / "song", {}).audio).samples.data.data());
  }
  report(state, kSeconds);
}
BENCHMARK_CAPTURE(decode_to_studio, wav_44100, AudioFormat::Wav16, 44100)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_to_studio, wav_192000, AudioFormat::Wav24, 192000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_to_studio, flac_44100, AudioFormat::Flac, 44100)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_to_studio, mp3_44100, AudioFormat::Mp3, 44100)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_to_studio, opus_48000, AudioFormat::Opus, 48000)
    ->Unit(benchmark::kMillisecond);

constexpr double kSongSeconds = 240.0;

void normalise(benchmark::State& state) {
  const AudioBuffer song = test_song(kSongSeconds, 48000);
  for (auto _ : state) {
    const NormalisedAudio result = normalise_loudness(song, {});
    state.counters["lufs"] = result.after.integrated_lufs.value_or(-99.0);
    state.counters["dbtp"] = result.after.true_peak_dbtp.value_or(-99.0);
    state.counters["limiter_db"] = result.reduction_db;
  }
  report(state, kSongSeconds);
}
BENCHMARK(normalise)->Unit(benchmark::kMillisecond)->Iterations(3);

void encode(benchmark::State& state, AudioFormat format) {
  const Files files;
  const AudioBuffer song = test_song(kSongSeconds, 48000);
  EncodeOptions options;
  options.format = format;
  for (auto _ : state) write_audio_file(files / "song", song, options);
  report(state, kSongSeconds);
}
BENCHMARK_CAPTURE(encode, mp3_320k, AudioFormat::Mp3)->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK_CAPTURE(encode, wav16, AudioFormat::Wav16)->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK_CAPTURE(encode, flac, AudioFormat::Flac)->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK_CAPTURE(encode, opus, AudioFormat::Opus)->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace ams
