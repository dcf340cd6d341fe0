#include "hub/pull.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "hub/file_lock.h"
#include "hub/hub_cache.h"
#include "hub/pull_meter.h"
#include "hub/pull_plan.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

void check_options(const HubOptions& options) {
  const bool is_valid = options.connections >= 1 && options.connections <= 16 &&
                        options.attempts >= 1 && options.piece_bytes >= 1;
  if (!is_valid) throw Error(ErrorCode::InvalidRequest, "hub: options are out of their ranges");
}

// Without a network, what is there has to do.
std::vector<PulledItem> find_all_offline(std::span<const PullItem> items,
                                         const HubOptions& options) {
  std::vector<PulledItem> found;
  for (const PullItem& item : items) {
    const auto* repository = std::get_if<RepositoryFiles>(&item);
    const std::string name = repository ? repository->repository : std::get<WebFile>(item).name;
    const LocalItem local = find_local(item, options);
    if (!local.is_complete) {
      throw Error(ErrorCode::Network,
                  str("hub: ",
                      name,
                      local.bytes > 0 ? " is not complete" : " is not on this machine",
                      " and downloads are off; unset HF_HUB_OFFLINE and AMS_OFFLINE to fetch it"));
    }
    found.push_back({.source = repository ? name : std::get<WebFile>(item).url,
                     .commit = repository ? local.folder.filename().string() : "",
                     .folder = local.folder,
                     .bytes = local.bytes});
  }
  return found;
}

bool has_right_content(const PlannedFile& file, PullMeter& meter, const std::stop_token& stop) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file.final, error);
  const FileGoal& goal = file.remote.goal;
  if (error || size != static_cast<std::uintmax_t>(goal.bytes)) return false;
  return hash_file(file.final, goal.hash.kind, stop, [&meter](int64_t) {
           meter.report(PullPhase::Verifying);
         }) == goal.hash.hex;
}

// A blob has its name from its content and was verified before it got it; anybody may have written
// a plain file.
bool is_final_there(const PlannedItem& item,
                    const PlannedFile& file,
                    PullMeter& meter,
                    const std::stop_token& stop) {
  if (item.cache_root.empty()) return has_right_content(file, meter, stop);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file.final, error);
  return !error && size == static_cast<std::uintmax_t>(file.remote.goal.bytes);
}

void make_folders(const PlannedFile& file) {
  for (const fs::path& path : {file.final, file.lock}) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (!error) continue;
    throw Error(
        ErrorCode::InvalidRequest,
        str("hub: cannot make the folder '", path.parent_path().string(), "': ", error.message()));
  }
}

void fetch_file(const PlannedItem& item,
                const PlannedFile& file,
                const HubOptions& options,
                PullMeter& meter,
                const std::stop_token& stop) {
  make_folders(file);
  const FileLock lock(file.lock, stop, [&meter] { meter.report(PullPhase::Waiting); });
  // Another process may have fetched it while this one waited.
  if (is_final_there(item, file, meter, stop)) {
    meter.add_present(file.remote.goal.bytes);
  } else {
    PartialFile partial(file.partial, file.remote.goal, options.piece_bytes);
    meter.add_present(partial.done_bytes());
    download_file(file.remote, partial, options, meter, stop);
    partial.finish(file.final);
  }
  std::error_code ignored;
  if (item.cache_root.empty()) fs::remove(file.lock, ignored);
}

void complete_item(PlannedItem& item,
                   const HubOptions& options,
                   PullMeter& meter,
                   const std::stop_token& stop) {
  const int64_t received_before = meter.received();
  for (const PlannedFile& file : item.files) {
    meter.set_component(file.component);
    if (file.is_there) {
      meter.add_present(file.remote.goal.bytes);
      continue;
    }
    if (file.found.empty()) {
      fetch_file(item, file, options, meter, stop);
    } else {
      meter.add_present(file.remote.goal.bytes);
    }
    if (item.cache_root.empty()) continue;
    const fs::path& content = file.found.empty() ? file.final : file.found;
    CachedRepository(item.cache_root, item.repository)
        .add_to_snapshot(item.result.commit, file.path, content);
  }
  if (!item.cache_root.empty()) {
    CachedRepository(item.cache_root, item.repository)
        .note_commit(item.revision, item.result.commit);
  }
  item.result.bytes_fetched = meter.received() - received_before;
}

}  // namespace

std::vector<PulledItem> pull(std::span<const PullItem> items,
                             const HubOptions& options,
                             const PullContext& context) {
  check_options(options);
  if (options.offline) return find_all_offline(items, options);
  PullMeter meter(context);
  HubSession session(options);
  std::vector<PlannedItem> plans;
  int64_t total = 0;
  for (const PullItem& item : items) {
    const auto* repository = std::get_if<RepositoryFiles>(&item);
    meter.set_component(repository ? repository->repository : std::get<WebFile>(item).name);
    meter.report(PullPhase::Listing);
    plans.push_back(plan_item(item, session, context.stop));
    total += plans.back().result.bytes;
  }
  meter.set_total(total);
  check_disk_space(plans, options.spare_bytes);
  std::vector<PulledItem> results;
  for (PlannedItem& plan : plans) {
    complete_item(plan, options, meter, context.stop);
    log(LogLevel::Info,
        "hub",
        str(plan.result.source,
            " is in ",
            plan.result.folder.string(),
            ", ",
            plan.result.bytes_fetched,
            " bytes fetched"));
    results.push_back(plan.result);
  }
  return results;
}

}  // namespace ams
