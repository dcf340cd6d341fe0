// Weights as kernels read them. Whoever calls knows the type: CudaDit::misfit() has looked.
#pragma once

#include <ggml.h>

#include "cuda/bf16.h"
#include "tensor/weight_store.h"

namespace ams {

inline const float* floats(const Weight* weight) {
  return static_cast<const float*>(weight->tensor.node->data);
}

inline const cuda::Bf16* halves(const Weight* weight) {
  return static_cast<const cuda::Bf16*>(weight->tensor.node->data);
}

}  // namespace ams
