// Configurations as config.json writes them: the inverse of each network's parse().
#pragma once

#include "base/json.h"
#include "nets/acestep_config.h"
#include "nets/oobleck_config.h"
#include "nets/qwen.h"

namespace ams {

Json config_json(const AceStepConfig& config);
Json config_json(const QwenConfig& config);
Json config_json(const OobleckConfig& config);

}  // namespace ams
