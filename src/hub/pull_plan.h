// What a pull has to do: where each file belongs, which are there, which have to come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "hub/file_download.h"
#include "hub/hub_session.h"
#include "hub/pull.h"

namespace ams {

struct PlannedFile {
  RemoteFile remote;
  std::string component;        // "acestep-v15-xl-sft/config.json"
  std::string path;             // in the repository
  std::filesystem::path final;  // a blob of the cache, or the plain file
  std::filesystem::path partial;
  std::filesystem::path lock;
  std::filesystem::path found{};  // a file elsewhere on this machine that has the content
  bool is_there = false;          // nothing is to be done
};

struct PlannedItem {
  PulledItem result{};                 // what pull() returns for it, bytes_fetched still 0
  std::filesystem::path cache_root{};  // of the shared layout; empty: plain files
  std::string repository{};            // of the shared layout
  std::string revision{};
  std::vector<PlannedFile> files{};
};

// Lists the item and looks what is on the disk. Makes folders only if something has to come.
// Throws as pull().
PlannedItem plan_item(const PullItem& item, HubSession& session, const std::stop_token& stop);

// Throws OutOfMemory with numbers if the files that have to come would leave less than
// `spare_bytes` on a disk.
void check_disk_space(const std::vector<PlannedItem>& items, int64_t spare_bytes);

}  // namespace ams
