#include "hub/pull_plan.h"

#include <algorithm>
#include <map>
#include <system_error>

#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "base/size_text.h"
#include "base/str.h"
#include "hub/hub_cache.h"
#include "hub/known_files.h"
#include "hub/repository_listing.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashDigitsInNames = 12;

bool has_size(const fs::path& path, int64_t bytes) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return !error && size == static_cast<std::uintmax_t>(bytes);
}

std::string base_name(const std::string& repository) {
  return repository.substr(repository.find('/') + 1);
}

// The folders with the shared layout, the one that is written to first.
std::vector<fs::path> cache_roots(const HubOptions& options) {
  std::vector<fs::path> roots;
  for (const fs::path& root : {options.cache, options.models}) {
    if (!root.empty()) roots.push_back(root);
  }
  return roots;
}

bool is_all_in(const fs::path& snapshot, const RepositoryListing& listing) {
  return std::all_of(listing.files.begin(), listing.files.end(), [&](const ListedFile& file) {
    return has_size(snapshot / file.path, file.remote.goal.bytes);
  });
}

fs::path choose_root(const RepositoryFiles& wanted,
                     const RepositoryListing& listing,
                     const HubOptions& options) {
  const std::vector<fs::path> roots = cache_roots(options);
  for (const fs::path& root : roots) {
    const CachedRepository cached(root, wanted.repository);
    if (is_all_in(cached.snapshot(listing.commit), listing)) return root;
  }
  std::string tried;
  for (const fs::path& root : roots) {
    if (CachedRepository(root, wanted.repository).can_be_written()) return root;
    tried += str(tried.empty() ? "" : ", ", root.string());
  }
  throw Error(ErrorCode::InvalidRequest,
              str("hub: no folder for ",
                  wanted.repository,
                  " can be written",
                  tried.empty() ? "" : str(", tried ", tried),
                  "; set AMS_MODEL_DIR or HF_HUB_CACHE"));
}

// Elsewhere on this machine, under its name or as a blob: linked to, never copied.
fs::path find_content(const RepositoryFiles& wanted,
                      const RepositoryListing& listing,
                      const ListedFile& file,
                      const HubOptions& options) {
  for (const fs::path& root : cache_roots(options)) {
    const CachedRepository cached(root, wanted.repository);
    for (const fs::path& path :
         {cached.blob(file.remote.goal.hash), cached.snapshot(listing.commit) / file.path}) {
      if (has_size(path, file.remote.goal.bytes)) return path;
    }
  }
  return {};
}

PlannedItem plan_cached(const RepositoryFiles& wanted,
                        const RepositoryListing& listing,
                        const HubOptions& options) {
  PlannedItem plan;
  plan.cache_root = choose_root(wanted, listing, options);
  plan.repository = wanted.repository;
  plan.revision = wanted.revision;
  const CachedRepository cached(plan.cache_root, wanted.repository);
  const fs::path snapshot = cached.snapshot(listing.commit);
  for (const ListedFile& file : listing.files) {
    const FileHash& hash = file.remote.goal.hash;
    PlannedFile planned{.remote = file.remote,
                        .component = base_name(wanted.repository) + "/" + file.path,
                        .path = file.path,
                        .final = cached.blob(hash),
                        .partial = cached.partial(hash),
                        .lock = cached.lock(hash)};
    planned.is_there = has_size(snapshot / file.path, file.remote.goal.bytes);
    if (!planned.is_there) planned.found = find_content(wanted, listing, file, options);
    plan.files.push_back(std::move(planned));
  }
  plan.result.folder = snapshot;
  return plan;
}

PlannedFile plan_plain(const RemoteFile& remote,
                       const std::string& component,
                       const fs::path& final) {
  fs::path partial = final;
  partial += str(".", remote.goal.hash.hex.substr(0, kHashDigitsInNames), ".ams-part");
  fs::path lock = partial;
  lock += ".lock";
  return {.remote = remote,
          .component = component,
          .path = {},
          .final = final,
          .partial = partial,
          .lock = lock};
}

PlannedItem plan_plain_repository(const RepositoryFiles& wanted,
                                  const RepositoryListing& listing,
                                  const HubOptions& options) {
  PlannedItem plan;
  const std::string name = base_name(wanted.repository);
  plan.result.folder = options.plain / name;
  for (const ListedFile& file : listing.files) {
    plan.files.push_back(
        plan_plain(file.remote, name + "/" + file.path, plan.result.folder / file.path));
  }
  return plan;
}

PlannedItem plan_web_file(const WebFile& wanted, const HubOptions& options) {
  const fs::path& home = options.plain.empty() ? options.models : options.plain;
  if (home.empty()) {
    throw Error(ErrorCode::InvalidRequest,
                str("hub: no folder for ", wanted.name, "; set AMS_MODEL_DIR"));
  }
  const std::optional<FileHash> hash = parse_file_hash(wanted.sha256);
  if (!hash || !is_safe_path(wanted.folder) || !is_safe_path(wanted.name)) {
    throw Error(ErrorCode::InvalidRequest, str("hub: '", wanted.name, "' is no file to download"));
  }
  PlannedItem plan;
  plan.result.source = wanted.url;
  plan.result.folder = home / wanted.folder;
  plan.result.bytes = wanted.bytes;
  const RemoteFile remote{
      .what = wanted.name, .address = wanted.url, .goal = {*hash, wanted.bytes}};
  plan.files.push_back(
      plan_plain(remote, wanted.folder + "/" + wanted.name, plan.result.folder / wanted.name));
  return plan;
}

// A newer version is no error: the Hub's own hash decides what is right.
void note_other_versions(const RepositoryFiles& wanted, const RepositoryListing& listing) {
  for (const ListedFile& file : listing.files) {
    const KnownFile* known = find_known_file(wanted.repository, file.path);
    if (known == nullptr || known->sha256 == file.remote.goal.hash.hex) continue;
    log(LogLevel::Warning,
        "hub",
        str(file.remote.what,
            " is another version than the one that was recorded for this program: ",
            file.remote.goal.hash.hex));
  }
}

// The nearest folder above `path` that exists.
fs::path existing_folder(fs::path path) {
  std::error_code error;
  while (path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
    if (fs::is_directory(path, error)) return path;
  }
  return fs::current_path();
}

}  // namespace

PlannedItem plan_item(const PullItem& item, HubSession& session, const std::stop_token& stop) {
  const HubOptions& options = session.options();
  if (const auto* web = std::get_if<WebFile>(&item)) return plan_web_file(*web, options);
  const auto& wanted = std::get<RepositoryFiles>(item);
  const RepositoryListing listing = list_repository(wanted, session, stop);
  note_other_versions(wanted, listing);
  PlannedItem plan = options.plain.empty() ? plan_cached(wanted, listing, options)
                                           : plan_plain_repository(wanted, listing, options);
  plan.result.source = wanted.repository;
  plan.result.commit = listing.commit;
  for (const ListedFile& file : listing.files) plan.result.bytes += file.remote.goal.bytes;
  return plan;
}

void check_disk_space(const std::vector<PlannedItem>& items, int64_t spare_bytes) {
  struct Disk {
    fs::path folder;
    int64_t needed = 0;
  };
  std::map<dev_t, Disk> disks;
  for (const PlannedItem& item : items) {
    for (const PlannedFile& file : item.files) {
      if (file.is_there || !file.found.empty()) continue;
      const fs::path folder = existing_folder(file.final);
      struct stat status {};
      if (stat(folder.c_str(), &status) != 0) continue;
      Disk& disk = disks[status.st_dev];
      disk.folder = folder;
      disk.needed += file.remote.goal.bytes - PartialFile::bytes_at(file.partial);
    }
  }
  for (const auto& [device, disk] : disks) {
    std::error_code error;
    const fs::space_info space = fs::space(disk.folder, error);
    const auto available = static_cast<int64_t>(space.available);
    if (error || disk.needed <= 0 || available - disk.needed >= spare_bytes) continue;
    throw Error(ErrorCode::OutOfMemory,
                str("hub: the disk of ",
                    disk.folder.string(),
                    " has ",
                    size_text(static_cast<uint64_t>(available)),
                    " free, the download needs ",
                    size_text(static_cast<uint64_t>(disk.needed)),
                    " and leaves at least ",
                    size_text(static_cast<uint64_t>(spare_bytes)),
                    "; free some space, or choose another disk with --dir or HF_HUB_CACHE"));
  }
}

}  // namespace ams
