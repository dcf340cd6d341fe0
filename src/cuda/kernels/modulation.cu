// Modulation of every layer at once, so that the wide kernels read finished vectors.
//
// Computes: Modulation of modulation.h, all fp32. Per layer the six rows of table + projection are
// shift, scale, gate of the self-attention, then of the feed-forward layer.
//
// Layout: a thread makes one column of one layer; blocks (column / 256, layer), the last of them
// for the output.
//
// Limit: memory, and small: 56 bytes a column and layer. Share of the memory ceiling: not yet
// measured.
#include "cuda/kernels/modulation.h"
#include "cuda/launch.h"

namespace ams::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) modulation_kernel(Modulation work) {
  const int i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  const int layer = static_cast<int>(blockIdx.y);
  const int width = work.width;
  if (i >= width) return;
  float* const result = work.result + static_cast<int64_t>(layer) * kModulationRows * width + i;
  if (layer == work.layer_count) {
    const float embedding = work.embedding_t[i] + work.embedding_r[i];
    const float shift = work.output_table[i] + embedding;
    const float scale = work.output_table[width + i] + embedding;
    result[kOutputFactor * width] = (1.0f + scale) * work.output_norm[i];
    result[kOutputShift * width] = shift;
    return;
  }
  const LayerModulation& weights = work.layers[layer];
  float row[kModulationRows];
#pragma unroll
  for (int r = 0; r < kModulationRows; ++r) {
    const int at = r * width + i;
    row[r] = weights.table[at] + (work.projection_t[at] + work.projection_r[at]);
  }
  result[kSelfShift * width] = row[0];
  result[kSelfFactor * width] = (1.0f + row[1]) * weights.self_attn_norm[i];
  result[kSelfGate * width] = row[2];
  result[kMlpShift * width] = row[3];
  result[kMlpFactor * width] = (1.0f + row[4]) * weights.mlp_norm[i];
  result[kMlpGate * width] = row[5];
}

}  // namespace

void modulation(Queue& queue, const Modulation& work) {
  const dim3 grid(static_cast<uint32_t>(blocks_of(work.width, kThreads)),
                  static_cast<uint32_t>(work.layer_count + 1));
  launch(queue, "modulation", modulation_kernel, {grid, kThreads}, work);
}

}  // namespace ams::cuda
