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

void RepetitionPenalty::add(std::span<const int32_t> tokens) {
  for (const int32_t token : tokens) {
    if (token < 0) continue;
    const auto id = static_cast<size_t>(token);
    if (id >= is_seen_.size()) is_seen_.resize(id + 1);
    if (is_seen_[id]) continue;
    is_seen_[id] = true;
    tokens_.push_back(token);
  }
}

void RepetitionPenalty::apply(std::span<float> logits) const {
  if (penalty_ == 1.0f) return;
  for (const int32_t token : tokens_) {
    if (static_cast<size_t>(token) >= logits.size()) continue;
    float& logit = logits[static_cast<size_t>(token)];
    logit = logit < 0.0f ? logit * penalty_ : logit / penalty_;
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
