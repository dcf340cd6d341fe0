// Embeddings of tokens.
#pragma once

#include "cuda/lm/lm_rows.h"
#include "cuda/lm/weight_matrix.h"
#include "cuda/queue.h"

namespace ams::cuda {

// out [rows, inputs of the table] = rows `tokens` of the table, as fp32. Throws Internal for inputs
// that are no multiple of the format's block.
void lm_embed(Queue& queue, const WeightMatrix& table, const int32_t* tokens, int rows, float* out);

}  // namespace ams::cuda
