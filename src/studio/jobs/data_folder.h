// The folder that holds everything the studio keeps: `output/` for results, `uploads/`, and `tmp/`
// for what is not finished.
//
// Invariants: one process owns the folder at a time, by a lock that ends with the process. Files
// are written in `tmp/` and moved to their place by rename, so a file in `output/` or `uploads/` is
// whole at any moment. `tmp/` and `uploads/` are empty after the start. Names are random ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

// Which part of the folder a message speaks of.
enum class FolderRole { Output, Uploads, Temporary };

std::string_view folder_role_name(FolderRole role);  // "output", "uploads", "tmp"

// A folder of its own below `tmp/`, removed with all it holds. Confined to one thread.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path);  // creates it
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Thread-safe.
class DataFolder {
 public:
  using FreeBytes = std::function<uintmax_t(const std::filesystem::path&)>;

  // Creates what is missing and tidies up. Throws InvalidRequest naming path and reason if the
  // folder cannot be written or is in use by another process.
  DataFolder(const std::filesystem::path& root, size_t spare_bytes, FreeBytes free_bytes);
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path folder(FolderRole role) const;
  // `file`: a name that this program made.
  std::filesystem::path path(FolderRole role, const std::string& file) const;

  // Throws Internal, naming the folder's role and both numbers, unless so many bytes can be written
  // and the spare ones stay free.
  void require_space(FolderRole role, uintmax_t bytes) const;

  // Moves a finished file of `tmp/` to its place. Throws Internal.
  void publish(const std::filesystem::path& finished,
               FolderRole role,
               const std::string& file) const;
  // Writes a small file whole or not at all. Throws Internal.
  void write_text(FolderRole role, const std::string& file, std::string_view text) const;
  // Does not complain about what is not there.
  void remove(FolderRole role, const std::string& file) const;

 private:
  // The lock ends when the descriptor is closed, also by the death of the process.
  struct Lock {
    ~Lock();
    int descriptor = -1;
  };
  void take_lock();

  std::filesystem::path root_;
  size_t spare_bytes_;
  FreeBytes free_bytes_;
  Lock lock_;
};

// Files that belong together, on their way into the folder for output: unless they are kept, those
// that were moved already are removed again. Confined to one thread.
class Publication {
 public:
  explicit Publication(const DataFolder& folder) : folder_(folder) {}
  ~Publication();
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  // Throws Internal.
  void add(const std::filesystem::path& finished, const std::string& file);
  void keep() { files_.clear(); }

 private:
  const DataFolder& folder_;
  std::vector<std::string> files_;
};

// `text` with every mention of a folder below `root` cut down to file names: messages for people
// do not tell where on the machine things lie.
std::string without_folders(std::string text, const std::filesystem::path& root);

}  // namespace ams
