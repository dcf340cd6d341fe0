// Biases, conversions to bf16 and repeated heads.
//
// Computes: add_bias() and repeat_heads() of bias.h.
//
// Layout: one thread a value.
//
// Limit: memory, and small: they run once per song, or over the 2 * latent_channels columns of the
// velocity. Share of the memory ceiling: not yet measured.
#include "cuda/kernels/bias.h"
#include "cuda/launch.h"

namespace ams::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) add_bias_kernel(AddBias work) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= work.rows * work.width) return;
  const float sum = work.x[i] + (work.bias ? work.bias[i % work.width] : 0.0f);
  if (work.out_type == ValueType::F32) {
    static_cast<float*>(work.out)[i] = sum;
  } else {
    static_cast<Bf16*>(work.out)[i] = to_bf16(sum);
  }
}

__global__ void __launch_bounds__(kThreads)
    repeat_heads_kernel(const float* values, float* out, int group, int width, int head_dim) {
  const int i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i < width) out[i] = values[i / head_dim / group * head_dim + i % head_dim];
}

}  // namespace

void add_bias(Queue& queue, const AddBias& work) {
  if (work.rows == 0) return;
  const LaunchShape shape{static_cast<uint32_t>(blocks_of(work.rows * work.width, kThreads)),
                          kThreads};
  launch(queue, "add_bias", add_bias_kernel, shape, work);
}

void repeat_heads(
    Queue& queue, const float* values, float* out, int kv_heads, int heads, int head_dim) {
  const int width = heads * head_dim;
  const LaunchShape shape{static_cast<uint32_t>(blocks_of(width, kThreads)), kThreads};
  launch(queue,
         "repeat_heads",
         repeat_heads_kernel,
         shape,
         values,
         out,
         heads / kv_heads,
         width,
         head_dim);
}

}  // namespace ams::cuda
