// What an operator sets. Filled by the front end from flags and environment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "studio/jobs/memory_policy.h"

namespace ams {

// Whether a job that takes longer than its budget is stopped. Automatic: on a GPU only.
enum class BudgetRule { Off, Automatic, Always };

struct StudioOptions {
  std::filesystem::path data_folder;  // made if it is missing; holds output, uploads, tmp
  size_t max_waiting = 16;            // jobs that wait in a lane; >= 1
  size_t max_history = 12;            // results that a session lists; >= 1
  size_t max_results = 200;           // kept; older ones go first
  std::chrono::seconds result_lifetime{24 * 3600};
  std::chrono::seconds upload_lifetime{2 * 3600};
  std::chrono::seconds heartbeat_interval{15};  // longest silence of an event stream
  std::vector<ModelPart> preload = {};          // read at the start instead of with the first job
  BudgetRule budget = BudgetRule::Automatic;
  size_t spare_disk_bytes = size_t{512} << 20;        // left free by every write
  size_t memory_headroom_bytes = size_t{2} << 30;     // of the device, left free by every load
  size_t max_session_upload_bytes = size_t{2} << 30;  // of one session's uploads together
};

}  // namespace ams
