#include "studio/jobs/audio_intake.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/level.h"
#include "base/sha256.h"
#include "base/str.h"
#include "studio/jobs/problem.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr double kSilenceDbfs = -60.0;
constexpr double kLongestSeconds = 600.0;  // that are decoded to keep the beginning
constexpr double kLengthTolerance = 0.05;  // s, of encoders that pad
constexpr size_t kLongestName = 120;       // bytes

[[noreturn]] void refuse(const AudioIntake& intake, ErrorCode code, Problem problem) {
  problem.field = upload_role_name(intake.role);
  if (problem.actions.empty()) problem.actions = {WayOut::PickFile};
  throw ProblemError(code, std::move(problem));
}

[[noreturn]] void refuse_length(const AudioIntake& intake, double seconds, double limit) {
  Problem problem;
  problem.title = "The audio is too long";
  problem.message = str(intake.name, " lasts ", seconds, " s, at most ", limit, " s are possible");
  problem.actions = {WayOut::PickFile};
  if (intake.role == UploadRole::RefAudio) problem.actions.push_back(WayOut::UseFirst60s);
  refuse(intake, ErrorCode::InvalidRequest, std::move(problem));
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The decoder's own words, with the user's name of the file in them.
[[noreturn]] void refuse_as(const AudioIntake& intake, const Error& error) {
  Problem problem;
  problem.message = error.what();
  const std::string path = intake.file.string();
  for (size_t at = problem.message.find(path); at != std::string::npos;
       at = problem.message.find(path, at + intake.name.size())) {
    problem.message.replace(at, path.size(), intake.name);
  }
  if (error.code() == ErrorCode::Unsupported) {
    problem.title = "This is no audio file that can be used";
    problem.message += "; accepted are WAV, MP3 and FLAC";
  }
  refuse(intake, error.code(), std::move(problem));
}

void require_accepted(const AudioIntake& intake, const std::string& container) {
  constexpr std::array<std::string_view, 3> kAccepted{"wav", "mp3", "flac"};
  if (std::find(kAccepted.begin(), kAccepted.end(), container) != kAccepted.end()) return;
  Problem problem;
  problem.title = "This is no audio file that can be used";
  problem.message =
      str(intake.name, " is a file of type ", container, "; accepted are WAV, MP3 and FLAC");
  refuse(intake, ErrorCode::Unsupported, std::move(problem));
}

// Also by what the headers state, before anything is decoded.
DecodedAudio decode(const AudioIntake& intake, const UploadLimits& limits) {
  DecodeOptions options;
  options.max_bytes = limits.max_bytes;
  options.min_seconds = limits.min_seconds;
  options.max_seconds = kLongestSeconds;
  try {
    const AudioSource stated = probe_audio_file(intake.file, options);
    require_accepted(intake, lower(stated.container));
    if (!intake.trim_seconds && stated.seconds > limits.max_seconds + kLengthTolerance) {
      refuse_length(intake, stated.seconds, limits.max_seconds);
    }
    return decode_audio_file(intake.file, options);
  } catch (const ProblemError&) {
    throw;
  } catch (const Error& error) {
    refuse_as(intake, error);
  }
}

void require_sound(const AudioIntake& intake, const AudioBuffer& audio) {
  if (peak_amplitude(audio) >= db_to_amplitude(kSilenceDbfs)) return;
  Problem problem;
  problem.title = "There is nothing to work with";
  problem.message = str(intake.name,
                        " is silent (nothing above ",
                        kSilenceDbfs,
                        " dBFS); choose audio that can be heard");
  refuse(intake, ErrorCode::InvalidRequest, std::move(problem));
}

void write_beginning(const fs::path& file, const AudioBuffer& beginning) {
  EncodeOptions wav;
  wav.format = AudioFormat::Wav24;
  fs::path trimmed = file;
  trimmed += ".trim";
  write_audio_file(trimmed, beginning, wav);
  fs::rename(trimmed, file);
}

}  // namespace

AudioUpload take_in_audio(const AudioIntake& intake) {
  const UploadLimits limits = upload_limits(intake.role);
  const auto bytes = static_cast<int64_t>(fs::file_size(intake.file));
  if (bytes > limits.max_bytes) {
    Problem problem;
    problem.title = "The audio is too large";
    problem.message = str(intake.name,
                          " has ",
                          bytes >> 20,
                          " MiB, at most ",
                          limits.max_bytes >> 20,
                          " are possible");
    refuse(intake, ErrorCode::TooLarge, std::move(problem));
  }
  DecodedAudio decoded = decode(intake, limits);
  AudioUpload upload;
  upload.container = lower(decoded.source.container);
  const double keep = intake.trim_seconds.value_or(kLongestSeconds);
  if (decoded.audio.seconds() > keep) {
    const auto samples =
        static_cast<int64_t>(keep * static_cast<double>(decoded.audio.sample_rate));
    decoded.audio = slice_audio(decoded.audio, 0, samples);
    write_beginning(intake.file, decoded.audio);
    upload.container = "wav";
    decoded.source.channels = decoded.audio.channels();
  }
  if (decoded.audio.seconds() > limits.max_seconds + kLengthTolerance) {
    refuse_length(intake, decoded.audio.seconds(), limits.max_seconds);
  }
  require_sound(intake, decoded.audio);
  upload.role = intake.role;
  upload.name = intake.name;
  upload.bytes = static_cast<int64_t>(fs::file_size(intake.file));
  upload.sha256 = sha256_of_file(intake.file);
  upload.duration_seconds = decoded.audio.seconds();
  upload.sample_rate = decoded.source.sample_rate;
  upload.channels = decoded.source.channels;
  upload.peaks = measure_peaks(decoded.audio);
  return upload;
}

std::string display_name(const std::string& name) {
  std::string shown;
  if (is_utf8(name)) {
    for (const char c : name.substr(name.find_last_of("/\\") + 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) shown += c;
    }
  }
  if (shown.size() > kLongestName) {
    shown.resize(kLongestName);
    while (!shown.empty() && !is_utf8(shown)) shown.pop_back();
  }
  return shown.empty() ? "file" : shown;
}

}  // namespace ams
