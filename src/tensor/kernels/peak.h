// What the processor can add up at most: independent multiply-adds that stay in registers.
//
// This folder knows no ggml: only pointers and sizes.
#pragma once

#include <cstdint>

namespace ams {

// Runs `rounds` rounds on the calling thread and returns the number of floating-point operations,
// two for each multiply-add. Thread-safe.
using PeakLoop = int64_t (*)(int64_t rounds);

// The fastest loops that this processor runs. Without a bf16 dot product the second is the first.
struct PeakLoops {
  PeakLoop fp32;
  PeakLoop bf16;
};
PeakLoops peak_loops();

}  // namespace ams
