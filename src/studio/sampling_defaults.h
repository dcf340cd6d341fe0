// What a kind of checkpoint was trained for, where a request leaves it open.
#pragma once

#include <cstdint>

#include "nets/acestep_config.h"

namespace ams {

struct SamplingDefaults {
  int64_t steps;
  double shift;
  double guidance_scale;  // 1 = off
};
SamplingDefaults sampling_defaults(ModelKind kind);

}  // namespace ams
