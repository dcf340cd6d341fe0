// find_local: what is on this machine, by looking at the disk only.
#include <algorithm>
#include <array>
#include <set>
#include <system_error>
#include <utility>

#include "hub/hub_cache.h"
#include "hub/numbered_files.h"
#include "hub/partial_file.h"
#include "hub/pull.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartialEnding = ".ams-part";
constexpr int kMaxDepth = 4;

// Files below `folder` by their path in it; links are followed to files, not to folders.
std::vector<std::pair<std::string, int64_t>> files_below(const fs::path& folder) {
  std::vector<std::pair<std::string, int64_t>> files;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
    std::error_code missing;
    if (!it->is_regular_file(missing)) continue;
    const std::uintmax_t bytes = it->file_size(missing);
    if (missing) continue;
    files.emplace_back(it->path().lexically_relative(folder).generic_string(),
                       static_cast<int64_t>(bytes));
  }
  return files;
}

LocalItem look_at(const fs::path& folder, const RepositoryFiles& wanted) {
  LocalItem local;
  std::set<std::string> names;
  for (const auto& [name, bytes] : files_below(folder)) {
    if (name.ends_with(kPartialEnding))
      local.unfinished_bytes += PartialFile::bytes_at(folder / name);
    if (!matches_any(wanted.patterns, name)) continue;
    names.insert(name);
    local.bytes += bytes;
  }
  if (names.empty()) return local;
  local.folder = folder;
  const auto is_met = [&names](const std::string& pattern) {
    return std::any_of(names.begin(), names.end(), [&pattern](const std::string& name) {
      return matches_any({pattern}, name);
    });
  };
  local.is_complete =
      has_all_parts(names) && std::all_of(wanted.required.begin(), wanted.required.end(), is_met);
  return local;
}

// Also those of Python's clients.
bool has_unfinished(const fs::path& blobs) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(blobs, error)) {
    const fs::path ending = entry.path().extension();
    if (ending == kPartialEnding || ending == ".incomplete") return true;
  }
  return false;
}

int64_t unfinished_bytes_in(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == kPartialEnding) bytes += PartialFile::bytes_at(entry.path());
  }
  return bytes;
}

LocalItem find_web_file(const WebFile& wanted, const HubOptions& options) {
  const fs::path& home = options.plain.empty() ? options.models : options.plain;
  LocalItem local;
  if (home.empty()) return local;
  std::error_code error;
  const fs::path file = home / wanted.folder / wanted.name;
  const std::uintmax_t bytes = fs::file_size(file, error);
  local.unfinished_bytes = unfinished_bytes_in(home / wanted.folder);
  if (error) return local;
  local.folder = file.parent_path();
  local.bytes = static_cast<int64_t>(bytes);
  local.is_complete = local.bytes == wanted.bytes;
  return local;
}

// The better of two sightings.
bool is_better(const LocalItem& a, const LocalItem& b) {
  if (a.is_complete != b.is_complete) return a.is_complete;
  return a.bytes > b.bytes;
}

}  // namespace

LocalItem find_local(const PullItem& item, const HubOptions& options) {
  if (const auto* web = std::get_if<WebFile>(&item)) return find_web_file(*web, options);
  const auto& wanted = std::get<RepositoryFiles>(item);
  check_repository_name(wanted.repository);
  check_revision(wanted.revision);
  const std::string name = wanted.repository.substr(wanted.repository.find('/') + 1);
  if (!options.plain.empty()) return look_at(options.plain / name, wanted);
  LocalItem best;
  int64_t unfinished = 0;
  for (const fs::path& root : {options.models, options.cache}) {
    if (root.empty()) continue;
    const CachedRepository cached(root, wanted.repository);
    unfinished += unfinished_bytes_in(cached.blobs());
    const std::optional<std::string> commit = cached.find_commit(wanted.revision);
    if (!commit) continue;
    LocalItem local = look_at(cached.snapshot(*commit), wanted);
    // Without a list of what is needed, a download that broke off is the only sign of a gap.
    if (wanted.required.empty() && has_unfinished(cached.blobs())) local.is_complete = false;
    if (is_better(local, best)) best = local;
  }
  // A checkpoint that somebody put there by hand.
  if (!options.models.empty() && !best.is_complete) {
    const LocalItem flat = look_at(options.models / name, wanted);
    if (is_better(flat, best)) best = flat;
  }
  best.unfinished_bytes = unfinished;
  return best;
}

}  // namespace ams
