// The fused normalisation of row_norm (conv_layer.h) on the CPU, as custom operations of ggml.
#pragma once

#include <cstdint>

#include "tensor/cpu_convolution.h"

struct ggml_tensor;

namespace ams {

struct RowNormPlan {
  ConvActivation activation;
  float eps;
};
// Graph nodes point to these; one for each activation.
const RowNormPlan& row_norm_plan(ConvActivation activation);

// Parts that a single long row is cut into for its statistics, whatever the number of threads.
constexpr int64_t kRowNormParts = 64;

// dst [parts, 2]: mean and sum of squared differences from it of each part of x, source 0.
void cpu_row_statistics(ggml_tensor* dst, int thread, int threads, void* plan);

// dst [rows, columns, C']; sources x [rows, columns, C], weight [C], bias [C], then the statistics
// of x if it has one row, then residual and scale [C'] if they are wanted.
void cpu_row_norm(ggml_tensor* dst, int thread, int threads, void* plan);

}  // namespace ams
