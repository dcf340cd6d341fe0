// The uploads of all sessions. They end with the process: their ids are known to it alone.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "studio/jobs/clock.h"
#include "studio/jobs/data_folder.h"
#include "studio/jobs/result_view.h"
#include "studio/jobs/upload_view.h"

namespace ams {

// Thread-safe.
class UploadShelf {
 public:
  UploadShelf(const DataFolder& folder,
              const Clock& clock,
              std::chrono::seconds lifetime,
              size_t max_session_bytes);

  // Puts a checked file of `tmp/` on the shelf. A file that the session has in the same role is
  // not kept twice: existing = true, and its time starts anew. Throws TooLarge if the session holds
  // too much, Internal.
  AudioUpload add(const std::string& session, AudioUpload upload, IncomingFile file);
  LoraView add(const std::string& session, LoraView lora, IncomingFile file);

  // Throws NotFound; Gone, with the name of the file, for what has expired.
  AudioUpload audio(const std::string& session, const std::string& id) const;
  LoraView lora(const std::string& session, const std::string& id) const;
  // Where it lies; also keeps it for another lifetime. Throws as audio().
  std::filesystem::path use(const std::string& session, const std::string& id);
  bool has(const std::string& session, const std::string& id) const;
  std::vector<LoraView> loras(const std::string& session) const;
  // An engine changed weights with this adapter, an upload or a preset.
  void mark_applied(const std::string& id);
  bool is_applied(const std::string& id) const;

  std::optional<StoredFile> file(const std::string& file_id) const;
  // Removes what has expired, but not what waiting and running jobs name.
  void sweep(const std::set<std::string>& ids_in_use);

 private:
  struct Entry {
    std::string session;
    std::variant<AudioUpload, LoraView> view;
    std::string file;    // in the folder for uploads
    std::string sha256;  // of the file
    Clock::TimePoint expires;
  };
  struct Expired {
    std::string session;
    std::string name;
  };
  const Entry& find_locked(const std::string& session, const std::string& id) const;
  Entry* same_locked(const Entry& entry);
  void require_room_locked(const Entry& entry) const;

  const DataFolder& folder_;
  const Clock& clock_;
  const std::chrono::seconds lifetime_;
  const size_t max_session_bytes_;

  mutable std::mutex mutex_;  // all below
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> ids_of_files_;  // file id -> upload id
  std::set<std::string> applied_;
  std::map<std::string, Expired> expired_;
  std::deque<std::string> expired_order_;
};

}  // namespace ams
