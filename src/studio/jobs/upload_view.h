// What a session has uploaded. The wire's `AudioUpload` and `Lora`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "studio/jobs/peaks.h"

namespace ams {

enum class UploadRole { RefAudio, SeedAudio, SourceAudio, Lora };

std::string_view upload_role_name(UploadRole role);  // "ref_audio", …, "lora"
std::optional<UploadRole> parse_upload_role(std::string_view name);

// What a role takes.
struct UploadLimits {
  int64_t max_bytes = 0;
  double min_seconds = 0;
  double max_seconds = 0;  // 0: no audio
};

// Cover's reference 50 MiB and 60 s, the others 100 MiB and 240 s; adapters 500 MiB.
UploadLimits upload_limits(UploadRole role);

// A value type.
struct AudioUpload {
  std::string id;
  UploadRole role = UploadRole::RefAudio;
  std::string name;  // of the user's file, for display only; UTF-8 without control characters
  int64_t bytes = 0;
  std::string sha256;
  std::string file_id;  // for Studio::file(), to listen to it
  std::chrono::system_clock::time_point expires_at;
  std::string container;  // "wav", "mp3", "flac"
  double duration_seconds = 0;
  int64_t sample_rate = 0;
  int64_t channels = 0;
  Peaks peaks;
  bool existing = false;  // the session had the same file already
};

enum class LoraState { NotDownloaded, Selected, Applied };

std::string_view lora_state_name(LoraState state);  // "not_downloaded", "selected", "applied"

// A value type.
struct LoraView {
  std::string id;  // "preset:chinese-new-year", or the upload's id
  std::string name;
  bool is_preset = false;  // else an upload of this session
  double default_scale = 0.95;
  std::string sha256;            // empty: not known (yet)
  std::optional<int64_t> bytes;  // absent: a preset that is not here
  std::optional<int64_t> rank;
  std::optional<double> alpha;
  LoraState state = LoraState::NotDownloaded;
  bool existing = false;  // the session had the same file already
};

struct LoraList {
  std::vector<LoraView> presets;
  std::vector<LoraView> custom;
};

// A place for bytes that are on their way: the caller writes the file at path(), then gives the
// object to Studio::accept_audio() or accept_lora(). Destroyed before, the file is removed.
// Movable; confined to one thread.
class IncomingFile {
 public:
  explicit IncomingFile(std::filesystem::path path);
  ~IncomingFile();
  IncomingFile(IncomingFile&& other) noexcept;
  IncomingFile& operator=(IncomingFile&& other) = delete;
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Stops owning the file, which the caller has moved or keeps.
  void release() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ams
