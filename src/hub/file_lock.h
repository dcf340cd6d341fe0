// A lock that other processes see, also the Hub's Python clients: flock() on a file.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>

namespace ams {

// Held while the object lives; the system lets go of it when the process ends. The file stays.
class FileLock {
 public:
  // Waits until no other process holds it and calls `on_wait` now and then meanwhile. A file system
  // without locks counts as locked: the hash of the result decides then.
  // Throws Cancelled on stop, Internal if the file cannot be made.
  FileLock(const std::filesystem::path& path,
           const std::stop_token& stop,
           const std::function<void()>& on_wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace ams
