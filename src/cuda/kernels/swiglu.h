// The gate of a feed-forward layer (arXiv:2002.05202).
#pragma once

#include "cuda/bf16.h"
#include "cuda/queue.h"

namespace ams::cuda {

// gate_up [rows, 2 width] = [gate | up] -> out [rows, width] = silu(gate) * up. `width` is a
// multiple of 8 and both pointers are aligned to 16 bytes. Throws Internal for another width.
void swiglu(Queue& queue, const Bf16* gate_up, Bf16* out, int64_t rows, int64_t width);

}  // namespace ams::cuda
