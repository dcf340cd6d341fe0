#include "nets/cuda_dit_memory.h"

#include <algorithm>

namespace ams {
namespace {

TimeValues place_time(Placement& memory, int64_t hidden, float* sinusoid) {
  return {sinusoid,
          memory.take<float>(hidden),
          memory.take<float>(hidden),
          memory.take<float>(hidden),
          memory.take<float>(cuda::kModulationRows * hidden)};
}

}  // namespace

ConditionValues::ConditionValues(Placement& memory, const CudaDitSizes& sizes) {
  const int64_t hidden = sizes.hidden();
  const int64_t latent_values = sizes.rows() * 2 * sizes.channels();
  latents = memory.take<float>(latent_values + kSinusoid);
  t = place_time(memory, hidden, latents + latent_values);
  r = place_time(memory, hidden, memory.take<float>(kSinusoid));
  rotary = memory.take<float>(sizes.tokens * sizes.config.head_dim);
  context = memory.take<float>(sizes.rows() * hidden);
  const int64_t modulated_rows = cuda::kModulationRows * sizes.layers() + 2;
  modulated = memory.take<float>(modulated_rows * hidden);
  layer_modulation = memory.take<cuda::LayerModulation>(sizes.layers());
  const int64_t cached = sizes.batch * sizes.encoder_tokens * sizes.kv_width();
  for (int64_t layer = 0; layer < sizes.layers(); ++layer) {
    keys.push_back(memory.take<cuda::Bf16>(cached));
    values.push_back(memory.take<cuda::Bf16>(cached));
    null_cross.push_back(memory.take<float>(hidden));
  }
}

BindValues::BindValues(Placement& memory, const CudaDitSizes& sizes) {
  const int64_t encoder_rows = sizes.batch * sizes.encoder_tokens;
  const int64_t encoder_hidden = sizes.config.encoder_hidden_size;
  context_patches = memory.take<float>(sizes.rows() * 4 * sizes.channels());
  states = memory.take<float>(encoder_rows * encoder_hidden);
  states_bf16 = memory.take<cuda::Bf16>(encoder_rows * encoder_hidden);
  condition = memory.take<float>(encoder_rows * sizes.hidden());
  condition_bf16 = memory.take<cuda::Bf16>(encoder_rows * sizes.hidden());
  null_condition = memory.take<float>(sizes.hidden());
  null_values = memory.take<float>(sizes.kv_width());
  null_mixed = memory.take<float>(sizes.q_width());
}

StepValues::StepValues(Placement& memory,
                       const CudaDitSizes& sizes,
                       int64_t rows,
                       int64_t velocity_rows) {
  const int64_t inner = sizes.config.intermediate_size;
  stream = memory.take<float>(rows * sizes.hidden());
  normed = memory.take<cuda::Bf16>(rows * sizes.hidden());
  product = memory.take<cuda::Bf16>(rows * sizes.hidden());
  velocity = memory.take<float>(velocity_rows * 2 * sizes.channels());
  Placement attention = memory;
  qkv = attention.take<cuda::Bf16>(rows * sizes.qkv_width());
  mixed = attention.take<cuda::Bf16>(rows * sizes.q_width());
  Placement feed_forward = memory;
  gate_up = feed_forward.take<cuda::Bf16>(rows * 2 * inner);
  gated = feed_forward.take<cuda::Bf16>(rows * inner);
  Placement last = memory;
  output = last.take<float>(rows * sizes.hidden());
  memory = std::max({attention, feed_forward, last},
                    [](const Placement& a, const Placement& b) { return a.bytes() < b.bytes(); });
}

}  // namespace ams
