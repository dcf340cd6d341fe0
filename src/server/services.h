// What the handlers work with.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "server/access_rules.h"
#include "server/stream_count.h"
#include "studio/jobs/studio.h"
#include "studio/studio_survey.h"

namespace ams {

// Lives as long as the server. Thread-safe.
struct Services {
  Studio& studio;
  AccessRules access;
  std::vector<std::filesystem::path> model_folders;  // for GET /models
  std::filesystem::path test_models;
  std::stop_source stop = {};  // requested when the server stops: streams end
  StreamCount streams = {};
};

}  // namespace ams
