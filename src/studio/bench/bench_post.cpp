#include "studio/bench/bench_post.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/loudness.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "nets/htdemucs_separator.h"

namespace ams {
namespace {

constexpr int64_t kFileRate = 44100;

// A bed of noise and tones with a burst each half second.
AudioBuffer made_up_song(double seconds, int64_t sample_rate) {
  const auto rate = static_cast<double>(sample_rate);
  AudioBuffer song = silent_audio(sample_rate, 2, std::llround(seconds * rate));
  PhiloxStream noise(1, RandomPurpose::Noise);
  for (int64_t channel = 0; channel < song.channels(); ++channel) {
    const std::span<float> samples = song.channel(channel);
    noise.fill_normal(samples);
    for (size_t i = 0; i < samples.size(); ++i) {
      const double time = static_cast<double>(i) / rate;
      const double burst = 0.02 + 0.25 * std::exp(-std::fmod(time, 0.5) * 25.0);
      const double tones = 0.15 * std::sin(time * 1382.3) + 0.1 * std::sin(time * 2073.5);
      samples[i] = static_cast<float>(burst) * samples[i] + static_cast<float>(tones);
    }
  }
  return song;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A file that is removed with the object.
class BenchFile {
 public:
  explicit BenchFile(const std::string& ending)
      : path_(std::filesystem::temp_directory_path() / str("ams-bench-", getpid(), ending)) {}
  ~BenchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  BenchFile(const BenchFile&) = delete;
  BenchFile& operator=(const BenchFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class PostBench {
 public:
  PostBench(const BenchOptions& options, const JobContext& job) : options_(options), job_(job) {}

  BenchReport run() {
    const std::string& stage = options_.stage;
    if (stage == "stems") measure_stems();
    if (stage == "loudness") measure_loudness();
    if (stage == "mp3") measure_mp3();
    if (stage == "decode-audio") measure_decoding();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    report_.peak_memory_bytes = usage.ru_maxrss * 1024;
    return std::move(report_);
  }

 private:
  // Medians of `runs` runs. Nothing is warmed up: a song is processed once in life, too.
  void time(const std::string& name, const std::function<void()>& work) {
    std::vector<double> wall;
    std::vector<double> processor;
    for (int64_t run = 0; run < options_.runs; ++run) {
      if (job_.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "the bench was cancelled");
      const double used = processor_seconds();
      const auto start = std::chrono::steady_clock::now();
      work();
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      wall.push_back(elapsed.count());
      processor.push_back(processor_seconds() - used);
    }
    add(name, "s", wall);
    add(name + "_processor", "s", processor);
    std::vector<double> speed;
    for (const double seconds : wall) speed.push_back(options_.duration_seconds / seconds);
    add(name + "_realtime", "x", speed);
  }

  void add(const std::string& name, const char* unit, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    BenchStage row;
    row.name = name;
    row.unit = unit;
    row.median = values[values.size() / 2];
    row.spread = values.back() - values.front();
    report_.stages.push_back(std::move(row));
  }

  void measure_stems() {
    const auto device = Device::open(
        {options_.engine.device, static_cast<int>(options_.engine.threads.value_or(0))});
    HtdemucsConfig config;  // the published sizes are its defaults
    config.sources = {"drums", "bass", "other", "vocals"};
    config.segment_samples = 39 * config.samplerate / 5;
    std::vector<HtdemucsSeparator::Member> members(1);
    members[0].network = std::make_unique<Htdemucs>(config, *device);
    members[0].shares.assign(config.sources.size(), 1.0f);
    members[0].network->store().load_random(/*seed=*/1, *device, Precision::F32);
    HtdemucsSeparator separator(std::move(members));
    report_.device = device_kind_name(device->kind());
    report_.device_name = device->info().name;
    report_.threads = device->threads();
    report_.config = "htdemucs";
    report_.precision = "f32";
    const AudioBuffer song = made_up_song(options_.duration_seconds, config.samplerate);
    SeparateOptions separate;
    separate.stop = job_.stop;
    time("stems", [&] { separator.separate(song.samples, separate); });
  }

  void measure_loudness() {
    describe_file("loudness");
    const AudioBuffer song = made_up_song(options_.duration_seconds, kStudioSampleRate);
    time("loudness", [&] { normalise_loudness(song, {}); });
  }

  void measure_mp3() {
    describe_file("mp3");
    const AudioBuffer song = made_up_song(options_.duration_seconds, kStudioSampleRate);
    const BenchFile file(".mp3");
    EncodeOptions encode;
    encode.format = AudioFormat::Mp3;
    time("mp3", [&] { write_audio_file(file.path(), song, encode); });
  }

  void measure_decoding() {
    describe_file("decode-audio");
    const AudioBuffer song = made_up_song(options_.duration_seconds, kFileRate);
    for (const AudioFormat format : {AudioFormat::Wav16, AudioFormat::Flac, AudioFormat::Mp3}) {
      const AudioFormatInfo& info = audio_format_info(format);
      const BenchFile file{std::string(info.extension)};
      EncodeOptions encode;
      encode.format = format;
      write_audio_file(file.path(), song, encode);
      time(str("decode_", info.name),
           [&] { to_studio_format(decode_audio_file(file.path(), {}).audio); });
    }
  }

  // FFmpeg decodes on one thread; loudness and MP3 have a second one beside it.
  void describe_file(const char* config) {
    report_.device = "cpu";
    report_.device_name = "audio files";
    report_.threads = options_.stage == "decode-audio" ? 1 : 2;
    report_.config = config;
    report_.precision = "f32";
  }

  const BenchOptions& options_;
  const JobContext& job_;
  BenchReport report_;
};

}  // namespace

bool is_post_stage(std::string_view stage) {
  return stage == "stems" || stage == "loudness" || stage == "mp3" || stage == "decode-audio";
}

BenchReport run_post_bench(const BenchOptions& options, const JobContext& job) {
  return PostBench(options, job).run();
}

}  // namespace ams
