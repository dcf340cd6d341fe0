// Keeps ggml's CUDA back end from rounding the operands of small fp32 products.
#pragma once

#include <cstdint>

struct ggml_context;
struct ggml_tensor;

namespace ams {

class Device;

// For 2 to 16 rows of b ggml's CUDA kernels round fp32 operands to TF32, whatever precision is
// asked for; with more rows cuBLAS computes the product, which follows NVIDIA_TF32_OVERRIDE.
// Returns b with zero rows behind it where that would happen to a product with `a`, otherwise b
// itself. b: [rows, in] in our order. Pure; appends nodes to `context`.
ggml_tensor* padded_against_tf32(ggml_context* context,
                                 const Device& device,
                                 const ggml_tensor* a,
                                 ggml_tensor* b);

// The first `rows` rows of a product whose second operand was padded.
ggml_tensor* first_rows(ggml_context* context, ggml_tensor* product, int64_t rows);

}  // namespace ams
