// What sampling needs from a diffusion transformer. Knows nothing of files, devices or ggml.
#pragma once

#include <memory>
#include <span>

#include "base/array.h"

namespace ams {

// What the latents of a batch are denoised towards. B items, T latent frames, L encoder tokens.
struct DenoiserConditions {
  FloatArray
      encoder_states;  // [B, L, encoder_hidden_size]; rows are not masked, padding takes part
  FloatArray context_latents;  // [B, T, 2 * latent_channels]: source latents, then chunk mask
};

// A denoiser bound to one set of conditions; whatever depends on them alone (keys and values of the
// cross-attention, the context's share of the patch embedding) is computed once.
// Confined to the worker thread. Keeps the denoiser it came from in use.
class ConditionedDenoiser {
 public:
  virtual ~ConditionedDenoiser() = default;

  // Velocity (noise minus clean latents, arXiv:2209.03003) at noise level `t` in [0, 1].
  // latents, conditional: [B, T, latent_channels]. `unconditional` has the same size, or is empty:
  // then the rows with the null condition are not computed. `t_minus_r` is 0 in sampling.
  // Throws OutOfMemory.
  virtual void velocity(std::span<const float> latents,
                        float t,
                        std::span<float> conditional,
                        std::span<float> unconditional,
                        float t_minus_r = 0.0f) = 0;
};

// Diffusion transformer of ACE-Step 1.5. Immutable weights; confined to the worker thread.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  virtual int64_t latent_channels() const = 0;
  virtual int64_t encoder_hidden_size() const = 0;

  // Throws InvalidRequest if shapes disagree with each other or the network, OutOfMemory.
  virtual std::unique_ptr<ConditionedDenoiser> bind(const DenoiserConditions& conditions) = 0;
};

}  // namespace ams
