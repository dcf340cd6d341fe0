// One file over the network into a PartialFile: ranges in parallel, retries, then its hash.
#pragma once

#include <stop_token>
#include <string>

#include "hub/hub_options.h"
#include "hub/partial_file.h"
#include "hub/pull_meter.h"

namespace ams {

struct RemoteFile {
  std::string what;     // in messages: "model.safetensors of org/name"
  std::string address;  // where a download starts, before redirects
  FileGoal goal{};
};

// Returns when `partial` holds all bytes and their hash is right; it is neither renamed nor
// removed. Throws Network (also for a hash that stays wrong, with nothing kept), NotFound,
// OutOfMemory, Internal, Cancelled; what is there is kept and the journal says so. Blocks; reports
// to `meter` on the calling thread.
void download_file(const RemoteFile& file,
                   PartialFile& partial,
                   const HubOptions& options,
                   PullMeter& meter,
                   const std::stop_token& stop);

}  // namespace ams
