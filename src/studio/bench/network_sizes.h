// Sizes of the published and built-in models by name: what random weights are made for.
#pragma once

#include <string>
#include <vector>

#include "nets/acestep_config.h"
#include "nets/oobleck_config.h"
#include "nets/qwen.h"

namespace ams {

struct NetworkSizes {
  AceStepConfig song;
  QwenConfig text;
  QwenConfig planner;
  OobleckConfig codec;
  std::string planner_name;  // of its folder: "acestep-5Hz-lm-1.7B"
  bool is_xl = false;        // published as four shards of fp32
};

// "xl-sft", "sft", …
std::vector<std::string> network_size_names();
// Throws InvalidRequest listing the names.
NetworkSizes network_sizes(const std::string& name);
// Of a Qwen2.5 chat model: "0.5b", "1.5b", "3b", "7b", "tiny". Throws InvalidRequest.
QwenConfig lyrics_sizes(const std::string& name);

}  // namespace ams
