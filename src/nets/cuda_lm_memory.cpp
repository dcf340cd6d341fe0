#include "nets/cuda_lm_memory.h"

#include <algorithm>

#include "cuda/lm/lm_attention.h"
#include "cuda/lm/lm_product.h"

namespace ams {
namespace {

constexpr int64_t kCapacityStep = 256;  // as QwenLm's sessions
constexpr int64_t kWideRows = 256;      // tokens of a prompt that are computed at once
constexpr int64_t kAttentionRows = 32;  // their partial results grow with the context

class Places {
 public:
  explicit Places(std::byte* base) : base_(base) {}

  template <class T>
  T* take(int64_t count) {
    constexpr size_t kAlignment = 256;
    auto* const place = base_ ? reinterpret_cast<T*>(base_ + bytes_) : nullptr;
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return place;
  }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* base_;
  size_t bytes_ = 0;
};

}  // namespace

CudaLmSizes::CudaLmSizes(const QwenConfig& qwen,
                         const LmSessionOptions& options,
                         bool exact,
                         bool wide)
    : config(qwen),
      sequences(options.num_sequences),
      capacity((options.max_tokens + kCapacityStep - 1) / kCapacityStep * kCapacityStep),
      exact_caches(exact),
      has_wide_passes(wide),
      most_rows(wide ? kWideRows : cuda::kMostProductRows),
      attention_rows(std::min(most_rows, kAttentionRows)) {}

CudaLmMemory::CudaLmMemory(const CudaLmSizes& sizes, std::byte* base) {
  const QwenConfig& config = sizes.config;
  Places places(base);
  caches = places.take<std::byte>(2 * config.num_hidden_layers * sizes.cache_values() *
                                  static_cast<int64_t>(sizes.cache_value_bytes()));
  rotary = places.take<float>(sizes.capacity * config.head_dim);
  rows = places.take<int32_t>(3 * sizes.most_rows);
  extra_rows = places.take<int32_t>(config.vocab_size);
  stream = places.take<float>(sizes.most_rows * config.hidden_size);
  qkv = places.take<float>(sizes.most_rows * sizes.qkv_width());
  mixed = places.take<float>(sizes.most_rows * sizes.q_width());
  cuda::LmAttention attention;
  attention.rows = static_cast<int>(sizes.attention_rows);
  attention.heads = static_cast<int>(config.num_attention_heads);
  attention.head_dim = static_cast<int>(config.head_dim);
  attention.most_positions = sizes.capacity;
  partial = places.take<float>(cuda::attention_partials(attention));
  gated = places.take<float>(cuda::kMostProductRows * config.intermediate_size);
  const int64_t wide_rows = sizes.has_wide_passes ? sizes.most_rows : 0;
  normed = places.take<uint16_t>(wide_rows * config.hidden_size);
  gate_up = places.take<uint16_t>(wide_rows * 2 * config.intermediate_size);
  wide_gated = places.take<uint16_t>(wide_rows * config.intermediate_size);
  logits = places.take<float>(cuda::kMostProductRows * config.vocab_size);
  bytes = places.bytes();
}

cuda::LmCache CudaLmMemory::cache(const CudaLmSizes& sizes, size_t layer) const {
  const size_t bytes_of_one = static_cast<size_t>(sizes.cache_values()) * sizes.cache_value_bytes();
  std::byte* const keys = caches + 2 * layer * bytes_of_one;
  return {keys, keys + bytes_of_one, sizes.exact_caches, sizes.capacity};
}

}  // namespace ams
