// Samples tokens of a language model: guidance, constraint, repetition penalty, then a draw.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "planner/constrained_decoder.h"
#include "planner/token_selection.h"

namespace ams {

// Uniform numbers in [0, 1), for example PhiloxStream::uniform of a seeded stream.
using UniformSource = std::function<double()>;

// Classifier-free guidance on logits (arXiv:2306.17806): uncond + scale * (cond - uncond), into
// `cond`. All of one length.
void apply_guidance(std::span<float> cond, std::span<const float> uncond, float scale);

// Divides positive and multiplies negative logits of the tokens seen so far by a penalty of 1 or
// more (arXiv:1909.05858), each token once however often it occurs. Remembers the tokens, so that
// a step costs no more than their number. Not thread-safe.
class RepetitionPenalty {
 public:
  // 1 = no change.
  explicit RepetitionPenalty(float penalty) : penalty_(penalty) {}

  void add(std::span<const int32_t> tokens);
  // Ids past the end of `logits` do not count.
  void apply(std::span<float> logits) const;

 private:
  float penalty_;
  std::vector<bool> is_seen_;    // by id
  std::vector<int32_t> tokens_;  // each once
};

// One stream of draws. Equal logits and an equal stream give equal tokens. Not thread-safe.
class TokenSampler {
 public:
  TokenSampler(const SelectionOptions& options, UniformSource uniform);

  // Index into `logits`. Uses one number of the stream unless the temperature is 0. Throws
  // Internal if no logit is usable.
  int64_t sample(std::span<const float> logits);

  // The id of a token that `constraint` allows; `logits` over the vocabulary.
  int32_t sample(std::span<const float> logits, const TokenConstraint& constraint);

 private:
  SelectionOptions options_;
  UniformSource uniform_;
  TokenSelector selector_;
  std::vector<float> allowed_logits_;
};

}  // namespace ams
