// What the device can do at most, measured in the same run as the stages.
#pragma once

#include "tensor/device.h"

namespace ams {

struct Ceilings {
  double fp32_gflops = 0.0;  // of a large matrix product
  double bf16_gflops = 0.0;
  double copy_gb_per_second = 0.0;  // bytes read by a large copy, per second
};

// Takes about a second. Throws OutOfMemory.
Ceilings measure_ceilings(const Device& device);

}  // namespace ams
