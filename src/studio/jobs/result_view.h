// A finished song or draft as its session sees it. The wire's `Result` and `HistoryItem`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "studio/jobs/job_view.h"
#include "studio/jobs/peaks.h"

namespace ams {

enum class FileRole {
  Song,
  Input,
  Normalised,
  Mp3,
  Flac,
  StemsZip,
  Vocals,
  Drums,
  Bass,
  Other,
};

std::string_view file_role_name(FileRole role);  // "song", …, "stems_zip", "vocals"
std::optional<FileRole> parse_file_role(std::string_view name);

struct ResultFile {
  FileRole role = FileRole::Song;
  std::string file_id;  // for Studio::file(); the URL is /files/ID
  std::string mime;     // "audio/wav"
  int64_t bytes = 0;
  std::optional<double> duration_seconds;  // absent: not audio
  std::optional<Peaks> peaks;              // absent: not made for this file
  std::optional<double> lufs;              // integrated loudness, where it was measured
};

struct Segment {
  double start_seconds = 0;
  double end_seconds = 0;
};

// A value type.
struct ResultView {
  std::string id;
  std::string job_id;
  std::string mode;   // "generate" … "edit", "lyrics"
  std::string label;  // first 30 characters of prompt, lyrics or brief; empty: none given
  std::chrono::system_clock::time_point created_at;
  std::chrono::system_clock::time_point expires_at;
  double duration_seconds = 0;  // 0 for lyrics
  std::vector<ResultFile> files;
  std::optional<double> seed_end_seconds;  // Extend: where the seed ends
  std::optional<Segment> segment;          // Edit, repainting
  std::string text;                        // of lyrics
  JobRequest request;
  bool inputs_available = false;  // retake and "edit again" need no upload
  Json metadata;                  // "ams.meta/1", as StudioDocuments wrote it
};

// A value type.
struct HistoryItem {
  std::string result_id;
  std::string mode;
  std::string label;
  std::chrono::system_clock::time_point created_at;
  bool available = false;  // false: its files were cleaned up
};

// A file that the studio issued an id for. The path is for reading at once: the file may be removed
// later, which an open descriptor survives.
struct StoredFile {
  std::filesystem::path path;
  std::string mime;
  int64_t bytes = 0;
  std::string etag;  // without quotes; files never change under their id
  std::string name;  // for a download: "generate-1234.wav", ASCII without quotes
};

}  // namespace ams
