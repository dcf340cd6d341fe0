// Which of the installed models each kind of job would use if the request names none.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ams {

struct ModelUse {
  std::string job;                               // "song", "planner", "lyrics", "stems"
  std::string model = {};                        // empty: there is none
  std::vector<std::filesystem::path> folders{};  // of the networks that it consists of
  std::string missing = {};                      // what to do if there is none
  std::string note = {};                         // what to know of the one there is; may be empty
};

// One for each job, in that order. Thread-safe.
std::vector<ModelUse> model_uses(std::span<const std::filesystem::path> folders);

}  // namespace ams
