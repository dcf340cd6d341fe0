// One set of conditions on a CudaDit: caches, intermediate values and the recorded steps.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cuda/queue.h"
#include "nets/cuda_dit_memory.h"
#include "nets/denoiser.h"
#include "nets/dit.h"
#include "tensor/memory_meter.h"

namespace ams {

// A step is handed to the queue call by call at first, which also lets libraries load what they
// need, then recorded, and from then on runs as one graph. Confined to the worker thread.
class CudaDitSession : public ConditionedDenoiser {
 public:
  // `queue` is null on a device that only measures: then memory is counted, nothing is computed and
  // velocities are zero.
  CudaDitSession(const Dit& dit,
                 std::shared_ptr<cuda::Queue> queue,
                 const DenoiserConditions& conditions);

  void velocity(std::span<const float> latents,
                float t,
                std::span<float> conditional,
                std::span<float> unconditional,
                float t_minus_r) override;

 private:
  // One allocation and the bytes of it that count.
  struct Memory {
    MeteredBytes metered;
    cuda::DeviceMemory block;
  };
  enum class Guidance { Off, On };
  struct Step {
    bool has_run = false;
    std::unique_ptr<cuda::Recording> recording;
  };
  // Rows of a pass: conditional ones first, then unconditional ones.
  struct Rows {
    int64_t conditional = 0;
    int64_t unconditional = 0;
    int64_t all() const { return conditional + unconditional; }
  };

  Memory allocate(size_t bytes) const;
  void fill_conditions(const DenoiserConditions& conditions);
  void fill_cross_attention(const BindValues& bind);
  void fill_null_condition(const BindValues& bind);
  void reserve_step(Guidance guidance);
  void run_step(Guidance guidance);

  void embed_time(const TimestepEmbeddingWeights& weights, const TimeValues& values);
  void embed_difference(float t_minus_r);
  void modulate();
  void pass(Rows rows, float* velocity);
  void start_stream(Rows rows);
  void self_attention(size_t layer, int64_t rows);
  void cross_attention(size_t layer, int64_t rows);
  void feed_forward(size_t layer, int64_t rows);
  void finish(Rows rows, float* velocity);
  const float* modulated(size_t layer, int row) const;
  void multiply(
      const cuda::Bf16* x, const Weight* w, void* y, int64_t rows, cuda::ValueType result);
  void multiply_exact(
      const float* x, const Weight* w, float* y, int64_t rows, const float* addend = nullptr);

  const Dit& dit_;
  const DitWeights weights_;
  const bool splits_guidance_;
  const int64_t frames_;
  CudaDitSizes sizes_;
  std::shared_ptr<cuda::Queue> queue_;  // shared with the denoiser that made this
  Memory condition_memory_;
  std::optional<ConditionValues> conditions_;
  Memory step_memory_;
  std::optional<StepValues> step_;
  int64_t velocity_rows_ = 0;                 // that step_ has room for
  Step plain_, guided_;                       // after the memory that their graphs point to
  std::optional<float> embedded_difference_;  // t - r of conditions_->r
  std::vector<float> padded_;                 // [B, S, 2 C], then the sinusoid of t
  std::vector<float> velocity_;               // [R or 2 R, 2 C]
};

}  // namespace ams
