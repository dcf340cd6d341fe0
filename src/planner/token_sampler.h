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

// Divides positive and multiplies negative logits of the tokens seen so far by `penalty`
// (arXiv:1909.05858). `seen`: ids, each counted once however often it occurs; 1 = no change.
void apply_repetition_penalty(std::span<float> logits,
                              std::span<const int32_t> seen,
                              float penalty);

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
