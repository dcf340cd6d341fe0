#include "studio/jobs/data_folder.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/text_file.h"
#include "studio/jobs/random_id.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "lock";

[[noreturn]] void refuse(const fs::path& root, const std::string& reason) {
  throw Error(ErrorCode::InvalidRequest,
              str("studio: the data folder '",
                  root.string(),
                  "' ",
                  reason,
                  "; choose another one with --data-dir or AMS_DATA_DIR"));
}

std::string reason_of(int error) { return std::generic_category().message(error); }

void empty_folder(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    fs::remove_all(entry.path(), ignored);
  }
}

// Some file systems only tell at the first write that they are read-only.
void try_writing(const fs::path& root, const fs::path& folder) {
  const fs::path probe = folder / random_id("probe_");
  const int file = open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) refuse(root, str("cannot be written: ", reason_of(errno)));
  close(file);
  std::error_code ignored;
  fs::remove(probe, ignored);
}

double mebibytes(uintmax_t bytes) { return static_cast<double>(bytes >> 20); }

}  // namespace

std::string_view folder_role_name(FolderRole role) {
  switch (role) {
    case FolderRole::Output:
      return "output";
    case FolderRole::Uploads:
      return "uploads";
    case FolderRole::Temporary:
      return "tmp";
  }
  return "tmp";
}

WorkFolder::WorkFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) {
    throw Error(ErrorCode::Internal,
                str("studio: no folder can be made in 'tmp': ", error.message()));
  }
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

DataFolder::DataFolder(const fs::path& root, size_t spare_bytes, FreeBytes free_bytes)
    : root_(fs::absolute(root)), spare_bytes_(spare_bytes), free_bytes_(std::move(free_bytes)) {
  for (const FolderRole role : {FolderRole::Output, FolderRole::Uploads, FolderRole::Temporary}) {
    std::error_code error;
    fs::create_directories(folder(role), error);
    if (error) refuse(root_, str("cannot be written: ", error.message()));
  }
  take_lock();
  for (const FolderRole role : {FolderRole::Output, FolderRole::Uploads, FolderRole::Temporary}) {
    try_writing(root_, folder(role));
  }
  // Uploads belong to sessions of the process that is gone, and tmp holds what it did not finish.
  empty_folder(folder(FolderRole::Temporary));
  empty_folder(folder(FolderRole::Uploads));
}

DataFolder::Lock::~Lock() {
  if (descriptor >= 0) close(descriptor);
}

void DataFolder::take_lock() {
  const fs::path path = root_ / kLockName;
  lock_.descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_.descriptor < 0) refuse(root_, str("cannot be written: ", reason_of(errno)));
  if (flock(lock_.descriptor, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  if (error == EWOULDBLOCK) refuse(root_, "is in use by another ams server");
  refuse(root_, str("cannot be locked: ", reason_of(error)));
}

fs::path DataFolder::folder(FolderRole role) const { return root_ / folder_role_name(role); }

fs::path DataFolder::path(FolderRole role, const std::string& file) const {
  return folder(role) / file;
}

void DataFolder::require_space(FolderRole role, uintmax_t bytes) const {
  uintmax_t available = 0;
  if (free_bytes_) {
    available = free_bytes_(folder(role));
  } else {
    std::error_code error;
    available = fs::space(folder(role), error).available;
    if (error) return;  // the write itself will tell
  }
  if (available >= bytes && available - bytes >= spare_bytes_) return;
  throw Error(ErrorCode::Internal,
              str("studio: no space in the folder for '",
                  folder_role_name(role),
                  "': ",
                  mebibytes(available),
                  " MiB are free, ",
                  mebibytes(bytes + spare_bytes_) + 1,
                  " MiB are needed; free some space on the server's disk"));
}

void DataFolder::publish(const fs::path& finished, FolderRole role, const std::string& file) const {
  std::error_code error;
  fs::rename(finished, path(role, file), error);
  if (!error) return;
  throw Error(ErrorCode::Internal,
              str("studio: a file cannot be moved into the folder for '",
                  folder_role_name(role),
                  "': ",
                  error.message()));
}

void DataFolder::write_text(FolderRole role, const std::string& file, std::string_view text) const {
  const fs::path temporary = path(FolderRole::Temporary, random_id("text_"));
  try {
    write_text_file(temporary, text);
  } catch (const Error& error) {
    throw Error(ErrorCode::Internal, without_folders(error.what(), root_));
  }
  publish(temporary, role, file);
}

void DataFolder::remove(FolderRole role, const std::string& file) const {
  std::error_code ignored;
  fs::remove(path(role, file), ignored);
}

Publication::~Publication() {
  for (const std::string& file : files_) folder_.remove(FolderRole::Output, file);
}

void Publication::add(const fs::path& finished, const std::string& file) {
  folder_.publish(finished, FolderRole::Output, file);
  files_.push_back(file);
}

std::string without_folders(std::string text, const fs::path& root) {
  for (const FolderRole role : {FolderRole::Output, FolderRole::Uploads, FolderRole::Temporary}) {
    const std::string folder = (root / folder_role_name(role)).string() + "/";
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
      text.erase(at, folder.size());
    }
  }
  return text;
}

}  // namespace ams
