#include "hub/hub_cache.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <system_error>

#include <fnmatch.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/text_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t kMaxRefBytes = 128;

std::string cache_folder_name(std::string_view repository) {
  std::string name = "models--";
  for (const char character : repository) {
    if (character == '/') {
      name += "--";
    } else {
      name += character;
    }
  }
  return name;
}

bool consists_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [extra](char character) {
    return kAlphanumeric.find(character) != std::string_view::npos ||
           extra.find(character) != std::string_view::npos;
  });
}

}  // namespace

CachedRepository::CachedRepository(fs::path root, std::string_view repository)
    : root_(std::move(root)),
      folder_(root_ / cache_folder_name(repository)),
      locks_(root_ / ".locks" / cache_folder_name(repository)) {}

fs::path CachedRepository::blob(const FileHash& hash) const { return blobs() / hash.hex; }

fs::path CachedRepository::partial(const FileHash& hash) const {
  return blobs() / (hash.hex + ".ams-part");
}

fs::path CachedRepository::lock(const FileHash& hash) const {
  return locks_ / (hash.hex + ".lock");
}

fs::path CachedRepository::snapshot(std::string_view commit) const {
  return folder_ / "snapshots" / commit;
}

std::optional<std::string> CachedRepository::find_commit(std::string_view revision) const {
  std::error_code error;
  const auto has_snapshot = [&](std::string_view commit) {
    return is_commit(commit) && fs::is_directory(snapshot(commit), error);
  };
  if (has_snapshot(revision)) return std::string(revision);
  try {
    std::string commit = read_text_file(folder_ / "refs" / revision, kMaxRefBytes);
    commit.erase(commit.find_last_not_of(" \r\n") + 1);
    if (has_snapshot(commit)) return commit;
  } catch (const Error&) {
    // Not noted, or not a note.
  }
  if (revision != "main") return std::nullopt;
  std::optional<std::string> newest;
  fs::file_time_type newest_time;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "snapshots", error)) {
    const std::string commit = entry.path().filename().string();
    const fs::file_time_type time = entry.last_write_time(error);
    if (!has_snapshot(commit) || (newest && time < newest_time)) continue;
    newest = commit;
    newest_time = time;
  }
  return newest;
}

void CachedRepository::note_commit(std::string_view revision, std::string_view commit) const {
  if (is_commit(revision)) return;
  const fs::path ref = folder_ / "refs" / revision;
  std::error_code ignored;
  fs::create_directories(ref.parent_path(), ignored);
  try {
    if (!fs::exists(ref) || read_text_file(ref, kMaxRefBytes) != commit) {
      write_text_file(ref, commit);
    }
  } catch (const Error&) {
    // A cache that only others may write.
  }
}

bool CachedRepository::can_be_written() const {
  return !root_.empty() && can_write_into(blobs()) && can_write_into(folder_ / "snapshots") &&
         can_write_into(locks_);
}

void CachedRepository::add_to_snapshot(std::string_view commit,
                                       std::string_view path,
                                       const fs::path& target) const {
  const fs::path link = snapshot(commit) / path;
  std::error_code error;
  fs::create_directories(link.parent_path(), error);
  // Replaces a link whose file is gone. Made beside it and renamed, so that another process never
  // sees a gap; the counter keeps the threads of this one apart.
  static std::atomic<int> counter = 0;
  fs::path fresh = link;
  fresh += str(".", getpid(), "-", ++counter, ".link");
  const bool is_own = target.parent_path() == blobs();
  const fs::path destination =
      is_own ? target.lexically_relative(link.parent_path()) : fs::absolute(target);
  fs::create_symlink(destination, fresh, error);
  const bool has_no_links = error == std::errc::operation_not_permitted ||
                            error == std::errc::function_not_supported ||
                            error == std::errc::operation_not_supported;
  if (!error) {
    fs::rename(fresh, link, error);
  } else if (has_no_links && is_own) {
    fs::rename(target, link, error);
  }
  if (!error) return;
  throw Error(ErrorCode::Internal,
              str("hub: cannot make '", link.string(), "': ", error.message()));
}

void check_repository_name(std::string_view repository) {
  const size_t slash = repository.find('/');
  const std::string_view owner = repository.substr(0, slash);
  const std::string_view name =
      slash == std::string_view::npos ? std::string_view{} : repository.substr(slash + 1);
  const auto is_name = [](std::string_view part) {
    return !part.empty() && part.size() <= 96 && consists_of(part, "-_.") &&
           part.find("..") == std::string_view::npos && part.find("--") == std::string_view::npos &&
           part.front() != '.' && part.front() != '-';
  };
  if (is_name(owner) && is_name(name)) return;
  throw Error(ErrorCode::InvalidRequest,
              str("hub: repository is '", repository.substr(0, 200), "', expected ORG/NAME"));
}

void check_revision(std::string_view revision) {
  if (consists_of(revision, "-_./") && revision.size() <= 200 && is_safe_path(revision)) return;
  throw Error(
      ErrorCode::InvalidRequest,
      str("hub: revision is '", revision.substr(0, 200), "', expected a branch, tag or commit"));
}

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 1000) return false;
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < ' ' || byte == 0x7f || byte == '\\') return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    // 200: the names of partial files are longer, and 255 is what file systems take.
    if (part.empty() || part == "." || part == ".." || part.size() > 200) return false;
    begin = end + 1;
  }
  return true;
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& path) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&path](const std::string& pattern) {
           return fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
         });
}

bool can_write_into(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path probe = folder / str(".ams-probe-", getpid());
  const bool is_written = std::ofstream(probe).put('.').flush().good();
  fs::remove(probe, error);
  return is_written;
}

}  // namespace ams
