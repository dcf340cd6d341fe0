// The body of peak.h for one instruction set. The rules of conv1d_impl.h for such files apply.
#pragma once

#include "tensor/kernels/peak_sets.h"

namespace ams::detail {

// Isa: kLanes floats of a vector, kSums of them in registers.
template <class Isa>
int64_t peak_loop(int64_t rounds) {
  typedef float Vector __attribute__((vector_size(Isa::kLanes * 4)));
  Vector sums[Isa::kSums];
  for (int i = 0; i < Isa::kSums; ++i) sums[i] = Vector{} + static_cast<float>(i);
  const Vector factor = Vector{} + 0.5f;
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int i = 0; i < Isa::kSums; ++i) sums[i] = sums[i] * factor + factor;
  }
  Vector total = {};
  for (int i = 0; i < Isa::kSums; ++i) total += sums[i];
  volatile float used = reinterpret_cast<const float*>(&total)[0];
  (void)used;
  return rounds * Isa::kSums * Isa::kLanes * 2;
}

}  // namespace ams::detail
