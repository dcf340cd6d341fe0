// Factors, shifts and gates of all layers of a diffusion transformer at one noise level.
#pragma once

#include "cuda/queue.h"

namespace ams::cuda {

// fp32 weights of a layer, on the device.
struct LayerModulation {
  const float* table = nullptr;           // scale_shift_table [6, width]
  const float* self_attn_norm = nullptr;  // [width]
  const float* mlp_norm = nullptr;        // [width]
};

// The rows of a layer in the result. A factor is (1 + scale) times the norm's weight.
enum ModulationRow { kSelfFactor, kSelfShift, kSelfGate, kMlpFactor, kMlpShift, kMlpGate };
inline constexpr int kModulationRows = 6;
// The rows behind the last layer: of the norm in front of the output.
enum OutputRow { kOutputFactor, kOutputShift };

struct Modulation {
  const LayerModulation* layers = nullptr;  // [layer_count], on the device
  int layer_count = 0;
  const float* output_table = nullptr;  // [2, width]: shift, scale
  const float* output_norm = nullptr;   // [width]
  // Embeddings of t and of t - r, which add up: [6, width] and [width] each.
  const float* projection_t = nullptr;
  const float* projection_r = nullptr;
  const float* embedding_t = nullptr;
  const float* embedding_r = nullptr;
  float* result = nullptr;  // [6 layer_count + 2, width]
  int width = 0;
};

void modulation(Queue& queue, const Modulation& work);

}  // namespace ams::cuda
