#include "diffusion/guided_velocity.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

std::unique_ptr<Guidance> make_guidance(const LatentShape& shape, const GuidanceOptions& options) {
  if (options.scale <= 1.0) return nullptr;
  return find_guidance(options.method).make(shape, options.scale);
}

}  // namespace

void validate(const GuidanceOptions& options) {
  find_guidance(options.method);
  if (!std::isfinite(options.scale)) {
    throw Error(ErrorCode::InvalidRequest, "diffusion: guidance scale is not a finite number");
  }
  if (std::isnan(options.interval_start) || std::isnan(options.interval_end)) {
    throw Error(ErrorCode::InvalidRequest, "diffusion: a bound of the guidance interval is NaN");
  }
}

void validate(const VelocityLimits& limits) {
  if (!(limits.norm_threshold >= 0.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: velocity norm threshold is ",
                    limits.norm_threshold,
                    ", expected 0 or more"));
  }
  if (!(limits.average_factor >= 0.0 && limits.average_factor < 1.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: velocity average factor is ",
                    limits.average_factor,
                    ", expected 0 up to but not including 1"));
  }
}

bool is_guided_at(const GuidanceOptions& options, float t) {
  return t >= static_cast<float>(options.interval_start) &&
         t <= static_cast<float>(options.interval_end);
}

GuidedVelocity::GuidedVelocity(const LatentShape& shape,
                               const GuidanceOptions& guidance,
                               const VelocityLimits& limits,
                               VelocityObserver observe)
    : shape_(shape),
      options_(guidance),
      limits_(limits),
      observe_(std::move(observe)),
      guidance_(make_guidance(shape, guidance)),
      average_(shape, limits.average_factor),
      unconditional_(guidance_ ? shape.size() : 0) {}

std::span<const float> GuidedVelocity::call(const VelocityFunction& network,
                                            std::span<const float> latents,
                                            float t,
                                            std::span<float> conditional) {
  const bool is_guided = guidance_ && is_guided_at(options_, t);
  const std::span<float> unconditional = is_guided ? unconditional_ : std::span<float>();
  network(latents, t, conditional, unconditional);
  if (observe_) observe_({latents, t, conditional, unconditional});
  return unconditional;
}

void GuidedVelocity::evaluate(const VelocityFunction& network,
                              std::span<const float> latents,
                              float t,
                              std::span<float> velocity) {
  const std::span<const float> unconditional = call(network, latents, t, velocity);
  if (!unconditional.empty()) guidance_->guide({latents, t, velocity, unconditional}, velocity);
  if (limits_.norm_threshold > 0.0) {
    clamp_velocity_norm(shape_, latents, limits_.norm_threshold, velocity);
  }
  average_.smooth(velocity);
}

void GuidedVelocity::evaluate_corrector(const VelocityFunction& network,
                                        std::span<const float> latents,
                                        float t,
                                        std::span<const float> first,
                                        std::span<float> velocity) {
  const std::span<const float> unconditional = call(network, latents, t, velocity);
  if (!unconditional.empty()) {
    guidance_->guide_corrector({latents, t, velocity, unconditional}, velocity);
  }
  if (limits_.norm_threshold > 0.0) {
    clamp_velocity_norm(shape_, latents, limits_.norm_threshold, velocity);
  }
  if (limits_.average_factor > 0.0) blend_velocity(first, limits_.average_factor, velocity);
}

}  // namespace ams
