#include "hub/partial_file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/text_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// What a killed process may lose. The journal is written after the bytes it tells of.
constexpr auto kSaveInterval = std::chrono::seconds(1);
constexpr size_t kMaxJournalBytes = size_t{4} << 20;

[[noreturn]] void throw_write_error(const fs::path& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(
      is_full ? ErrorCode::OutOfMemory : ErrorCode::Internal,
      str("hub: cannot write '",
          path.string(),
          "': ",
          std::generic_category().message(error),
          is_full ? "; free some space and run it again, it goes on where it stopped" : ""));
}

}  // namespace

fs::path PartialFile::journal_of(const fs::path& path) {
  fs::path journal = path;
  journal += ".json";
  return journal;
}

int64_t PartialFile::bytes_at(const fs::path& path) {
  try {
    const Json journal = Json::parse_file(journal_of(path), kMaxJournalBytes);
    const Json pieces = journal.at("done");
    const int64_t total = std::max<int64_t>(0, journal.get("bytes", 0));
    int64_t bytes = 0;
    for (int64_t i = 0; i < pieces.size(); ++i) {
      bytes += std::clamp<int64_t>(pieces.at(i).as_int(), 0, total - bytes);
    }
    return bytes;
  } catch (const Error&) {
    return 0;  // none, or cut off: then the download starts anew
  }
}

PartialFile::PartialFile(fs::path path, FileGoal goal, int64_t piece_bytes)
    : path_(std::move(path)), goal_(std::move(goal)) {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw_write_error(path_, errno);
  if (read_journal(piece_bytes)) return;
  try {
    restart(piece_bytes);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

PartialFile::~PartialFile() { close(descriptor_); }

void PartialFile::split(int64_t piece_bytes) {
  pieces_.clear();
  for (int64_t begin = 0; begin < goal_.bytes; begin += piece_bytes) {
    pieces_.push_back({begin, std::min(begin + piece_bytes, goal_.bytes), begin});
  }
  is_taken_.assign(pieces_.size(), false);
}

// False if there is none or it does not fit the goal and the file.
bool PartialFile::read_journal(int64_t piece_bytes) {
  try {
    const Json journal = Json::parse_file(journal_of(path_), kMaxJournalBytes);
    const int64_t stored_piece = journal.get("piece_bytes", piece_bytes);
    if (journal.get("bytes", int64_t{-1}) != goal_.bytes ||
        journal.get("hash", "") != goal_.hash.hex || stored_piece <= 0 ||
        stored_piece > std::max<int64_t>(1, goal_.bytes)) {
      return false;
    }
    const Json done = journal.at("done");
    if (done.size() != (goal_.bytes + stored_piece - 1) / stored_piece) return false;
    const auto on_disk = static_cast<int64_t>(fs::file_size(path_));
    split(stored_piece);
    for (size_t i = 0; i < pieces_.size(); ++i) {
      const int64_t bytes = done.at(static_cast<int64_t>(i)).as_int();
      if (bytes < 0 || bytes > pieces_[i].end - pieces_[i].begin) return false;
      pieces_[i].next += bytes;
      if (bytes > 0 && pieces_[i].next > on_disk) return false;
    }
    etag_ = journal.get("etag", "");
    return true;
  } catch (const Error&) {
    return false;
  }
}

void PartialFile::restart(int64_t piece_bytes) {
  const std::lock_guard lock(mutex_);
  if (ftruncate(descriptor_, 0) != 0) throw_write_error(path_, errno);
  split(std::min(piece_bytes, std::max<int64_t>(1, goal_.bytes)));
  etag_.clear();
  save_locked();
}

std::optional<size_t> PartialFile::take_piece() {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (is_taken_[i] || pieces_[i].next == pieces_[i].end) continue;
    is_taken_[i] = true;
    return i;
  }
  return std::nullopt;
}

void PartialFile::release_pieces() {
  const std::lock_guard lock(mutex_);
  is_taken_.assign(pieces_.size(), false);
}

PartialFile::Piece PartialFile::piece(size_t index) const {
  const std::lock_guard lock(mutex_);
  return pieces_[index];
}

void PartialFile::append(size_t index, std::string_view bytes) {
  int64_t offset = piece(index).next;  // only this thread moves it
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t written = pwrite(descriptor_, rest.data(), rest.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_write_error(path_, errno);
    offset += written;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  const std::lock_guard lock(mutex_);
  pieces_[index].next = offset;
  if (std::chrono::steady_clock::now() - saved_at_ > kSaveInterval) save_locked();
}

bool PartialFile::is_same_version(std::string_view etag) {
  const std::lock_guard lock(mutex_);
  if (etag.empty()) return true;
  if (etag_.empty()) etag_ = etag;
  return etag_ == etag;
}

int64_t PartialFile::done_bytes() const {
  const std::lock_guard lock(mutex_);
  int64_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.next - piece.begin;
  return bytes;
}

void PartialFile::save() {
  const std::lock_guard lock(mutex_);
  save_locked();
}

void PartialFile::save_locked() {
  Json done = Json::array();
  for (const Piece& piece : pieces_) done.push_back(piece.next - piece.begin);
  Json journal = Json::object();
  journal.set("bytes", goal_.bytes);
  journal.set("hash", goal_.hash.hex);
  journal.set("etag", is_utf8(etag_) ? etag_ : "");
  journal.set("piece_bytes", pieces_.empty() ? int64_t{1} : pieces_.front().end);
  journal.set("done", done);
  saved_at_ = std::chrono::steady_clock::now();
  try {
    write_text_file(journal_of(path_), journal.dump());
  } catch (const Error&) {
    // An older journal costs bytes, not correctness: the hash has the last word. What keeps the
    // journal from being written (a full disk) ends the download at its next bytes.
  }
}

void PartialFile::finish(const fs::path& name) {
  std::error_code error;
  if (fdatasync(descriptor_) != 0) throw_write_error(path_, errno);
  fs::rename(path_, name, error);
  if (error) throw_write_error(name, error.value());
  fs::remove(journal_of(path_), error);
}

void PartialFile::discard() {
  std::error_code ignored;
  fs::remove(path_, ignored);
  fs::remove(journal_of(path_), ignored);
}

}  // namespace ams
