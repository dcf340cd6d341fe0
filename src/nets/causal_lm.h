// A causal language model as token sampling sees it: sequences with cached keys and values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ams {

// Which logits are computed: all rows of the head, or a contiguous range and a few more.
// The output then holds the range's logits first, then those of `extra` in their order.
struct OutputRows {
  int32_t begin = 0;
  int32_t end = 0;  // exclusive; 0 = the whole vocabulary
  std::vector<int32_t> extra;
};

struct LmSessionOptions {
  int64_t num_sequences = 1;  // decoded together, each weight read once per step
  int64_t max_tokens = 4096;  // capacity of each sequence, prompt and output
};

// The caches of a few sequences. Confined to the worker thread.
class LmSession {
 public:
  virtual ~LmSession() = default;

  virtual int64_t length(int64_t sequence) const = 0;  // tokens cached
  virtual int64_t num_logits() const = 0;              // of the current output rows

  // Selects the output rows for the following calls. Throws InvalidRequest outside the vocabulary.
  virtual void set_output_rows(const OutputRows& rows) = 0;

  // Appends `tokens` to one sequence and writes the logits after the last of them, [num_logits()].
  // Throws InvalidRequest if the capacity is exceeded or an id is outside the vocabulary.
  virtual void prefill(int64_t sequence,
                       std::span<const int32_t> tokens,
                       std::span<float> logits) = 0;

  // As prefill, with the logits after every token, [tokens.size(), num_logits()].
  virtual void prefill_all(int64_t sequence,
                           std::span<const int32_t> tokens,
                           std::span<float> logits) = 0;

  // Appends one token to each sequence (their lengths may differ) and writes the logits after it,
  // [num_sequences, num_logits()].
  virtual void step(std::span<const int32_t> tokens, std::span<float> logits) = 0;

  // Makes `to` a copy of the first `tokens` tokens of `from`: a shared prompt is computed once.
  virtual void fork(int64_t from, int64_t to, int64_t tokens) = 0;

  // Forgets everything after the first `tokens` tokens of a sequence.
  virtual void truncate(int64_t sequence, int64_t tokens) = 0;
};

// Qwen2.5 or Qwen3. Immutable weights; confined to the worker thread.
class CausalLm {
 public:
  virtual ~CausalLm() = default;

  virtual int64_t vocab_size() const = 0;
  virtual int64_t max_position_embeddings() const = 0;

  // Throws OutOfMemory if the caches do not fit, InvalidRequest past max_position_embeddings().
  virtual std::unique_ptr<LmSession> open(const LmSessionOptions& options) = 0;
};

}  // namespace ams
