#include "planner/token_sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ams {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

void apply_guidance(std::span<float> cond, std::span<const float> uncond, float scale) {
  float* const c = cond.data();
  const float* const u = uncond.data();
  const size_t size = std::min(cond.size(), uncond.size());
  for (size_t i = 0; i < size; ++i) c[i] = u[i] + scale * (c[i] - u[i]);
}

void apply_repetition_penalty(std::span<float> logits,
                              std::span<const int32_t> seen,
                              float penalty) {
  if (penalty == 1.0f) return;
  std::vector<int32_t> distinct(seen.begin(), seen.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const int32_t token : distinct) {
    if (token < 0 || static_cast<size_t>(token) >= logits.size()) continue;
    float& logit = logits[static_cast<size_t>(token)];
    logit = logit < 0.0f ? logit * penalty : logit / penalty;
  }
}

TokenSampler::TokenSampler(const SelectionOptions& options, UniformSource uniform)
    : options_(options), uniform_(std::move(uniform)) {}

int64_t TokenSampler::sample(std::span<const float> logits) {
  const double uniform = options_.temperature > 0.0f ? uniform_() : 0.0;
  return selector_.select(logits, options_, uniform);
}

int32_t TokenSampler::sample(std::span<const float> logits, const TokenConstraint& constraint) {
  SelectionOptions options = options_;
  if (constraint.is_greedy) options.temperature = 0.0f;
  const double uniform = options.temperature > 0.0f ? uniform_() : 0.0;
  const auto logit_of = [&](int32_t token) {
    const auto index = static_cast<size_t>(token);
    return index < logits.size() ? logits[index] : kForbidden;
  };
  if (!constraint.allowed.empty()) {
    allowed_logits_.resize(constraint.allowed.size());
    std::transform(
        constraint.allowed.begin(), constraint.allowed.end(), allowed_logits_.begin(), logit_of);
    const int64_t chosen = selector_.select(allowed_logits_, options, uniform);
    return constraint.allowed[static_cast<size_t>(chosen)];
  }
  const size_t size = std::min(logits.size(), constraint.banned.size());
  allowed_logits_.resize(size);
  for (size_t i = 0; i < size; ++i) {
    allowed_logits_[i] = constraint.banned[i] == 0 ? logits[i] : kForbidden;
  }
  return static_cast<int32_t>(selector_.select(allowed_logits_, options, uniform));
}

}  // namespace ams
