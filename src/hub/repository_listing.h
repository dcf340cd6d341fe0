// What a repository holds at a revision, with the hash of every file.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "hub/file_download.h"
#include "hub/hub_session.h"
#include "hub/pull.h"

namespace ams {

struct ListedFile {
  std::string path;
  RemoteFile remote;
};

struct RepositoryListing {
  std::string commit;
  std::vector<ListedFile> files;  // those that the patterns choose, the smallest first
};

// Asks the Hub. Names in the answer are checked: none leaves its folder.
// Throws Network, NotFound (also if no file fits the patterns), InvalidRequest, Cancelled.
RepositoryListing list_repository(const RepositoryFiles& wanted,
                                  HubSession& session,
                                  const std::stop_token& stop);

}  // namespace ams
