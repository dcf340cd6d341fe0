// Which type each weight is kept in: the one place that decides what may be quantised.
//
// role     what                                            bf16   q8_0, q6_k  q5_k_m, q4_k_m
// Matrix   attention and feed-forward projections          bf16   the format  the format; q6_k for
// the
//                                                                             down_proj of layers
//                                                                             0, 2, 4, …
// Plain    embedding tables, time embedding, condition     bf16   bf16        bf16
//          embedder, projections at the borders of stacks
// Exact    norms, biases, modulation tables, code book     f32    f32         f32
//          projections, patch embedding, the whole VAE
// A matrix whose rows are no multiple of the format's block (32 or 256) is bf16.
//
// Why: what Plain and Exact hold is below a tenth of a model, and an error in it reaches every
// position alike. The sum over the wide inner layer loses most from coarse weights, so half of the
// down projections keep six bits (the idea of llama.cpp's "M" mixtures). Rows of embedding tables
// are looked up, which GPUs cannot do in the K formats.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/dtype.h"

namespace ams {

// The type that matrices are kept in.
enum class Precision { F32, BF16, Q8_0, Q6_K, Q5_K, Q4_K };

// A row of the table of precisions.
struct PrecisionInfo {
  Precision precision;
  std::string_view name;         // "q4_k_m"
  std::string_view option_name;  // of --quant: "q4_k"
  DType matrix;                  // of most matrices
  std::string_view summary;      // one sentence for help
};
std::span<const PrecisionInfo> precision_table();
const PrecisionInfo& precision_info(Precision precision);
// By name or option name. Throws InvalidRequest listing the valid names.
Precision parse_precision(std::string_view name);

enum class WeightRole {
  Matrix,  // the operand of a linear layer: follows the store's precision
  Plain,   // a matrix that is too delicate to quantise: bf16 then
  Exact,   // fp32 whatever the precision
};

// The type of the weight `name` whose rows have `row` elements.
DType weight_dtype(std::string_view name, int64_t row, WeightRole role, Precision precision);

bool is_quantised(DType dtype);

}  // namespace ams
