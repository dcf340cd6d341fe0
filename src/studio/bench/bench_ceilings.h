// What the device can do at most, measured in the same run as the stages.
//
// On the CPU: multiply-adds that stay in registers, and reading memory that no cache holds, on all
// threads. On other devices: a large matrix product of the library that the networks use, and a
// large copy.
#pragma once

#include "tensor/device.h"

namespace ams {

struct Ceilings {
  double fp32_gflops = 0.0;
  double bf16_gflops = 0.0;
  double read_gb_per_second = 0.0;
};

// Takes about a second. Throws OutOfMemory.
Ceilings measure_ceilings(const Device& device);

}  // namespace ams
