// What `ams doctor` looks at.
#pragma once

#include <string>
#include <vector>

#include "cli/server_settings.h"

namespace ams {

enum class CheckState { Good, Warning, Bad };

struct DoctorCheck {
  std::string name = {};  // "disk"
  CheckState state = CheckState::Good;
  std::string found = {};   // what there is
  std::string advice = {};  // what to do; empty when all is good
};

// All of them, in the order to show. Starts no device and loads nothing; takes about a second.
std::vector<DoctorCheck> run_checks(const ServerSettings& settings);

}  // namespace ams
