// Token ids -> hidden states for conditioning.
#pragma once

#include <cstdint>
#include <span>

#include "base/array.h"

namespace ams {

// Qwen3-Embedding as a text encoder. Immutable weights; confined to the worker thread.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  virtual int64_t hidden_size() const = 0;
  virtual int64_t vocab_size() const = 0;

  // Last hidden states after the final norm, causal, [tokens, hidden_size].
  // Throws InvalidRequest on an empty sequence or an id outside the vocabulary.
  virtual FloatArray encode(std::span<const int32_t> tokens) = 0;

  // Rows of the embedding table, [tokens, hidden_size]. Same errors.
  virtual FloatArray embed(std::span<const int32_t> tokens) = 0;
};

}  // namespace ams
