#include "unit/audio/test_signals.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numbers>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>
#include <unistd.h>

namespace ams {
TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ams-audio-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

int64_t TemporaryFolder::file_count() const {
  return std::distance(std::filesystem::directory_iterator(path_),
                       std::filesystem::directory_iterator());
}

AudioBuffer from_function(double seconds,
                          int64_t rate,
                          int64_t channels,
                          const std::function<double(double)>& f) {
  AudioBuffer audio =
      silent_audio(rate, channels, std::llround(seconds * static_cast<double>(rate)));
  for (int64_t i = 0; i < audio.length(); ++i) {
    const auto value = static_cast<float>(f(static_cast<double>(i) / static_cast<double>(rate)));
    for (int64_t c = 0; c < channels; ++c) audio.channel(c)[static_cast<size_t>(i)] = value;
  }
  return audio;
}

AudioBuffer sine(double hz, double amplitude, double seconds, int64_t rate, int64_t channels) {
  return from_function(seconds, rate, channels, [=](double t) {
    return amplitude * std::sin(2.0 * std::numbers::pi * hz * t);
  });
}

AudioBuffer white_noise(
    double amplitude, double seconds, int64_t rate, int64_t channels, int seed) {
  AudioBuffer audio =
      silent_audio(rate, channels, std::llround(seconds * static_cast<double>(rate)));
  std::mt19937 generator(static_cast<uint32_t>(seed));
  for (float& sample : audio.samples.data) {
    const double unit = static_cast<double>(generator()) / 4294967295.0;
    sample = static_cast<float>(amplitude * (2.0 * unit - 1.0));
  }
  return audio;
}

AudioBuffer sweep(double from_hz, double to_hz, double seconds, int64_t rate, int64_t channels) {
  const double growth = std::log(to_hz / from_hz);
  return from_function(seconds, rate, channels, [=](double t) {
    const double phase = from_hz * seconds / growth * (std::exp(t / seconds * growth) - 1.0);
    return 0.5 * std::sin(2.0 * std::numbers::pi * phase);
  });
}

double signal_to_noise_db(const AudioBuffer& signal, const AudioBuffer& other, int64_t skip) {
  const int64_t length = std::min(signal.length(), other.length());
  double power = 0.0;
  double noise = 1e-30;
  for (int64_t c = 0; c < signal.channels(); ++c) {
    for (int64_t i = skip; i < length - skip; ++i) {
      const double a = signal.channel(c)[static_cast<size_t>(i)];
      const double b = other.channel(c)[static_cast<size_t>(i)];
      power += a * a;
      noise += (a - b) * (a - b);
    }
  }
  return 10.0 * std::log10(power / noise);
}

std::span<const std::byte> as_bytes_of(const std::string& text) {
  return std::as_bytes(std::span<const char>(text));
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

bool has_program(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 4096> block{};
  size_t count = 0;
  while ((count = std::fread(block.data(), 1, block.size(), pipe)) > 0) {
    text.append(block.data(), count);
  }
  if (pclose(pipe) != 0) throw std::runtime_error("not successful: " + command);
  return text;
}

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "expected an ams::Error";
  return Error(ErrorCode::Internal, "none");
}

}  // namespace ams
