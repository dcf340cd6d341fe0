// What `ams serve` prints when it is ready.
#pragma once

#include <string>

#include "cli/server_settings.h"
#include "studio/studio_survey.h"

namespace ams {

// "http://127.0.0.1:7860"; of a server on all addresses, one that works on this machine.
std::string studio_address(const std::string& host, int port);

// Device, memory, model, data folder, access; a line each.
std::string serve_summary(const ServerSettings& settings,
                          const EngineSurvey& survey,
                          const std::string& address);

}  // namespace ams
