// A file under way: its bytes in one file, beside it a journal that says which of them are there.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/file_hash.h"

namespace ams {

// What a download is to become.
struct FileGoal {
  FileHash hash;
  int64_t bytes = 0;
};

// Opens what an earlier process left, or starts anew if that does not fit. The names are not those
// of Python's clients: those take the length of their file for its progress, and ours has holes.
// Thread-safe; one object at a time for a path (FileLock).
class PartialFile {
 public:
  // One range of the file, fetched in order by one thread.
  struct Piece {
    int64_t begin = 0;
    int64_t end = 0;
    int64_t next = 0;  // the first byte that is missing
  };

  // Throws Internal if the file cannot be made, OutOfMemory if the disk is full.
  PartialFile(std::filesystem::path path, FileGoal goal, int64_t piece_bytes);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  // An unfinished piece that no other thread has; absent when all are done or taken.
  std::optional<size_t> take_piece();
  // Every thread has ended: all unfinished pieces can be taken again.
  void release_pieces();
  Piece piece(size_t index) const;
  // Puts the next bytes of a piece into their place; not more than the piece lacks.
  // Throws OutOfMemory if the disk is full, Internal if it cannot be written.
  void append(size_t index, std::string_view bytes);
  // Forgets all bytes, from now on in pieces of that size.
  void restart(int64_t piece_bytes);
  // The version that the bytes are of, as their server calls it: keeps the first one, and says
  // whether `etag` is the same. Empty ones say nothing.
  bool is_same_version(std::string_view etag);

  int64_t done_bytes() const;
  // Writes the journal.
  void save();
  // Makes the bytes durable and gives the file its name. Throws Internal if that is not possible.
  void finish(const std::filesystem::path& name);
  // Removes file and journal.
  void discard();

  const std::filesystem::path& path() const { return path_; }
  static std::filesystem::path journal_of(const std::filesystem::path& path);
  // The bytes that the journal of `path` tells of; 0 without one.
  static int64_t bytes_at(const std::filesystem::path& path);

 private:
  void split(int64_t piece_bytes);
  bool read_journal(int64_t piece_bytes);
  void save_locked();

  const std::filesystem::path path_;
  const FileGoal goal_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Piece> pieces_;
  std::vector<bool> is_taken_;
  std::string etag_;
  std::chrono::steady_clock::time_point saved_at_{};
};

}  // namespace ams
