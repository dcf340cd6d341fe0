// An audio file in another format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "audio/audio_format.h"
#include "audio/tags.h"
#include "base/fields.h"
#include "studio/engine.h"
#include "studio/post/export_format.h"

namespace ams {

struct ExportRequest {
  std::filesystem::path source;  // an audio file
  std::filesystem::path target;  // must have another name than the source
  ExportFormat format = ExportFormat::ByEnding;
  std::optional<int64_t> sample_rate;  // Hz; empty: MP3 44100, Opus 48000, else the source's
  std::optional<int64_t> bit_rate;     // bits per second; empty: MP3 320k CBR, Opus 192k
  AudioTags tags;                      // each one that is not empty replaces the source's
};

// Rows for format, sample rate, bit rate, title and artist.
Fields fields(ExportRequest& request);

// A value type.
struct ExportReport {
  std::filesystem::path target;
  AudioFormat format = AudioFormat::Wav16;
  int64_t sample_rate = 0;  // Hz, of the file
  int64_t channels = 0;
  int64_t bytes = 0;
  double duration_seconds = 0;
  double gain_db = 0;  // below 0: the source exceeded full scale and was scaled down
  AudioTags tags;      // as written
};

// Decodes and encodes in process; no sample leaves the source unchanged but by rate and sample
// type. Samples beyond full scale are scaled down to -1 dBFS for formats of integers. Stages
// "reading", "writing". Throws as read_post_source() and AudioWriter, InvalidRequest on a target
// that is the source, Cancelled. Confined to one thread.
ExportReport export_audio(const ExportRequest& request, const JobContext& job);

}  // namespace ams
