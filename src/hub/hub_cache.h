// The folder layout that the Hub's clients share (Python's huggingface_hub and others):
//   models--org--name/blobs/<hash>                 the files
//   models--org--name/snapshots/<commit>/<path>    relative links to them
//   models--org--name/refs/<branch>                a commit
//   .locks/models--org--name/<hash>.lock
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/file_hash.h"

namespace ams {

// One repository in one such folder. Immutable; methods look at the disk when they are called.
class CachedRepository {
 public:
  // `repository` must have passed check_repository_name().
  CachedRepository(std::filesystem::path root, std::string_view repository);

  std::filesystem::path blob(const FileHash& hash) const;
  std::filesystem::path partial(const FileHash& hash) const;  // our own name, not Python's
  std::filesystem::path lock(const FileHash& hash) const;
  std::filesystem::path snapshot(std::string_view commit) const;
  std::filesystem::path blobs() const { return folder_ / "blobs"; }

  // The commit that a branch or tag stood at when it was last fetched; a commit stands for itself.
  // Without a note of it, the newest snapshot. Absent if there is none.
  std::optional<std::string> find_commit(std::string_view revision) const;
  // Notes it. Does nothing where that cannot be written: it only helps later look-ups.
  void note_commit(std::string_view revision, std::string_view commit) const;

  // Makes the folders and tries a file in them. False if that is not possible.
  bool can_be_written() const;
  // Gives `target`, a file with the right content, its name in a snapshot: a relative link to a
  // blob of this folder, an absolute one to anything else. Where links are not possible, the blob
  // is moved. Throws Internal if neither works.
  void add_to_snapshot(std::string_view commit,
                       std::string_view path,
                       const std::filesystem::path& target) const;

 private:
  std::filesystem::path root_;
  std::filesystem::path folder_;
  std::filesystem::path locks_;
};

// Throws InvalidRequest unless it is "org/name" of letters, digits, '-', '_' and '.'.
void check_repository_name(std::string_view repository);
// Throws InvalidRequest for what cannot be a branch, tag or commit.
void check_revision(std::string_view revision);
bool is_commit(std::string_view text);  // 40 hexadecimal digits
// Whether a path of a listing stays below the folder that it is put into.
bool is_safe_path(std::string_view path);
// Whether any of the globs fits; true without globs.
bool matches_any(const std::vector<std::string>& patterns, const std::string& path);

// Whether files can be made in the folder, which is created if need be.
bool can_write_into(const std::filesystem::path& folder);

}  // namespace ams
