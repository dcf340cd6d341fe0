// Where the values of a CudaDitSession lie in the memory of a card.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/bf16.h"
#include "cuda/kernels/modulation.h"
#include "nets/acestep_config.h"

namespace ams {

// Sizes of one session. Tokens are patches of two latent frames.
struct CudaDitSizes {
  explicit CudaDitSizes(const AceStepConfig& model) : config(model) {}

  AceStepConfig config;
  int64_t batch = 0;
  int64_t tokens = 0;          // S of one item
  int64_t encoder_tokens = 0;  // L of one item

  int64_t hidden() const { return config.hidden_size; }
  int64_t channels() const { return config.audio_acoustic_hidden_dim; }
  int64_t layers() const { return config.num_hidden_layers; }
  int64_t q_width() const { return config.num_attention_heads * config.head_dim; }
  int64_t kv_width() const { return config.num_key_value_heads * config.head_dim; }
  int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
  int64_t rows() const { return batch * tokens; }  // of one half of a guided step
};

constexpr int64_t kSinusoid = 256;  // values of an embedded noise level

// Hands out places of one allocation: first without memory, to add up its size.
class Placement {
 public:
  explicit Placement(const void* base) : base_(reinterpret_cast<uintptr_t>(base)) {}

  template <class T>
  T* take(int64_t count) {
    constexpr size_t kAlignment = 256;
    auto* const place = reinterpret_cast<T*>(base_ + bytes_);
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return place;
  }
  size_t bytes() const { return bytes_; }

 private:
  uintptr_t base_;  // 0: nobody follows the pointers
  size_t bytes_ = 0;
};

// An embedded noise level: [H] and [6, H].
struct TimeValues {
  float* sinusoid;  // [256]
  float* hidden;    // [H]
  float* embedding;
  float* activated;  // silu of the embedding
  float* projection;
};

// What depends on the conditions, and small values of a step that the graphs point to.
struct ConditionValues {
  ConditionValues(Placement& memory, const CudaDitSizes& sizes);

  float* latents;    // [B, S, 2 C]; the sinusoid of t lies right behind, one upload for both
  TimeValues t, r;   // of t and of t - r
  float* rotary;     // [S, head_dim / 2, 2]
  float* context;    // [B, S, H]
  float* modulated;  // [6 layers + 2, H]
  cuda::LayerModulation* layer_modulation;  // [layers]
  std::vector<cuda::Bf16*> keys, values;    // of each layer's cross-attention, [B, L, kv_width]
  std::vector<float*> null_cross;           // of each layer, [H]
};

// What only lives while conditions are bound.
struct BindValues {
  BindValues(Placement& memory, const CudaDitSizes& sizes);

  float* context_patches;   // [B, S, 4 C]
  float* states;            // [B, L, E]
  cuda::Bf16* states_bf16;  // the same
  float* condition;         // [B, L, H]
  cuda::Bf16* condition_bf16;
  float* null_condition;  // [H]
  float* null_values;     // [kv_width]
  float* null_mixed;      // [q_width]
};

// Intermediate values of a pass over `rows` rows; velocities of a whole step.
struct StepValues {
  StepValues(Placement& memory, const CudaDitSizes& sizes, int64_t rows, int64_t velocity_rows);

  float* stream;        // [rows, H]: the residual stream
  cuda::Bf16* normed;   // [rows, H]: input of the next product
  cuda::Bf16* product;  // [rows, H]: what the stream takes next
  // The attention's values and the feed-forward layer's never live at once.
  cuda::Bf16* qkv;      // [rows, qkv_width]
  cuda::Bf16* mixed;    // [rows, q_width]
  cuda::Bf16* gate_up;  // [rows, 2 I], over qkv
  cuda::Bf16* gated;    // [rows, I], behind it
  float* output;        // [rows, H], over both: input of the last product
  float* velocity;      // [velocity_rows, 2 C]
};

}  // namespace ams
