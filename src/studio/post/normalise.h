// An audio file at another loudness.
#pragma once

#include <cstdint>
#include <filesystem>

#include "audio/loudness.h"
#include "base/fields.h"
#include "studio/engine.h"
#include "studio/post/export_format.h"

namespace ams {

struct NormaliseRequest {
  std::filesystem::path source;  // an audio file
  std::filesystem::path target;  // empty: normalised_name()
  // By the target's ending: .wav keeps the source's sample type where it can.
  ExportFormat format = ExportFormat::ByEnding;
  LoudnessTarget loudness;  // -14 LUFS below -1 dBTP
};

// Rows for the loudness: "target_lufs" and "ceiling_dbtp".
Fields fields(NormaliseRequest& request);

// A value type.
struct NormaliseReport {
  std::filesystem::path target;
  Loudness before;
  Loudness after;               // of the samples before they are encoded
  double gain_db = 0;           // of the whole song
  double reduction_db = 0;      // most that the limiter took away
  bool reaches_target = false;  // within 0.5 LU
  double duration_seconds = 0;
  int64_t sample_rate = 0;  // Hz, as the source
};

// "song.wav", -14 -> "song.lufs-14.wav" beside it; other endings than a writable format's become
// .wav.
std::filesystem::path normalised_name(const std::filesystem::path& source, double target_lufs);

// One gain for the whole song and a look-ahead limiter below the true-peak ceiling; tags are kept.
// Stages "reading", "loudness", "writing". Throws as read_post_source(), InvalidRequest on a target
// outside its range, on silence, on less than 0.4 s and on a target that is the source; NotFound
// (folder), Cancelled, Internal (disk full). Confined to one thread.
NormaliseReport normalise_file(const NormaliseRequest& request, const JobContext& job);

}  // namespace ams
