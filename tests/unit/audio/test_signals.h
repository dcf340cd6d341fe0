// Signals, hand-made files and independent programs for the tests of this module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/audio_buffer.h"
#include "base/error.h"
#include "support/wav_bytes.h"

namespace ams {

// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  int64_t file_count() const;

 private:
  std::filesystem::path path_;
};

AudioBuffer sine(double hz, double amplitude, double seconds, int64_t rate, int64_t channels);
// Uniform white noise in ±amplitude, the same for the same seed.
AudioBuffer white_noise(double amplitude, double seconds, int64_t rate, int64_t channels, int seed);
// Exponential sweep.
AudioBuffer sweep(double from_hz, double to_hz, double seconds, int64_t rate, int64_t channels);
// Values made by f(time in seconds).
AudioBuffer from_function(double seconds,
                          int64_t rate,
                          int64_t channels,
                          const std::function<double(double)>& f);

// 10 log10 of signal power over the power of (signal - other), from sample `skip` to `skip` before
// the end; the two have the same channels.
double signal_to_noise_db(const AudioBuffer& signal, const AudioBuffer& other, int64_t skip = 0);

std::span<const std::byte> as_bytes_of(const std::string& text);
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

// True if `program` is installed.
bool has_program(const std::string& program);
// Standard output of a shell command; throws std::runtime_error on another exit status than 0.
std::string output_of(const std::string& command);

// The Error that `action` throws; records a test failure if it throws none.
Error error_of(const std::function<void()>& action);

}  // namespace ams
