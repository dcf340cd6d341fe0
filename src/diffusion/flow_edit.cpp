#include "diffusion/flow_edit.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/apg.h"
#include "diffusion/base_schedule.h"
#include "diffusion/euler.h"

namespace ams {
namespace {

constexpr int64_t kMaxDraws = 64;

// Averaged velocity of one prompt over the noise draws of a step. All draws of a step start from
// the same guidance momentum, which then advances once with the mean difference.
class PromptVelocity {
 public:
  PromptVelocity(const LatentShape& shape,
                 const FlowEditOptions& options,
                 const VelocityFunction& network,
                 const VelocityObserver& observe)
      : shape_(shape),
        options_(options),
        network_(network),
        observe_(observe),
        is_guided_(options.guidance.scale > 1.0 && options.guidance.method != "none"),
        momentum_(is_guided_ ? shape : LatentShape{}, options.guidance.scale),
        trial_(momentum_),
        average_(shape, options.limits.average_factor),
        conditional_(shape.size()),
        unconditional_(is_guided_ ? shape.size() : 0),
        difference_(unconditional_.size()),
        sum_(shape.size()) {}

  void add_draw(std::span<const float> latents, float t) {
    const bool is_guided = is_guided_ && is_guided_at(options_.guidance, t);
    const std::span<float> unconditional = is_guided ? unconditional_ : std::span<float>();
    network_(latents, t, conditional_, unconditional);
    if (observe_) observe_({latents, t, conditional_, unconditional});
    if (is_guided) {
      for (size_t i = 0; i < difference_.size(); ++i) {
        difference_[i] += conditional_[i] - unconditional_[i];
      }
      trial_ = momentum_;
      trial_.guide({latents, t, conditional_, unconditional_}, conditional_);
      has_difference_ = true;
    }
    if (options_.limits.norm_threshold > 0.0) {
      clamp_velocity_norm(shape_, latents, options_.limits.norm_threshold, conditional_);
    }
    for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += conditional_[i];
    ++draws_;
  }

  // Mean velocity of the draws since the last call; starts the next step.
  std::span<const float> finish_step() {
    const float weight = 1.0f / static_cast<float>(draws_);
    for (size_t i = 0; i < sum_.size(); ++i) conditional_[i] = sum_[i] * weight;
    if (has_difference_) {
      for (float& value : difference_) value *= weight;
      momentum_.advance(difference_);
    }
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    std::fill(difference_.begin(), difference_.end(), 0.0f);
    has_difference_ = false;
    draws_ = 0;
    average_.smooth(conditional_);
    average_.remember(conditional_);
    return conditional_;
  }

 private:
  LatentShape shape_;
  const FlowEditOptions& options_;
  const VelocityFunction& network_;
  const VelocityObserver& observe_;
  bool is_guided_;
  AdaptiveProjectedGuidance momentum_;  // at the start of the step
  AdaptiveProjectedGuidance trial_;     // the copy that a draw uses up
  VelocityAverage average_;
  std::vector<float> conditional_, unconditional_;
  std::vector<float> difference_;  // sum of v_c - v_u over the draws
  std::vector<float> sum_;         // of the guided velocities
  bool has_difference_ = false;
  int64_t draws_ = 0;
};

void require_inputs(const FlowEditInputs& inputs, const FlowEditCallbacks& callbacks) {
  validate(inputs.shape);
  if (inputs.source.size() != inputs.shape.size()) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: flow edit source has ",
                    inputs.source.size(),
                    " values, expected ",
                    inputs.shape.size()));
  }
  if (!callbacks.source_velocity || !callbacks.target_velocity || !callbacks.fresh_noise) {
    throw Error(ErrorCode::InvalidRequest,
                "diffusion: flow edit needs the callbacks source_velocity, target_velocity and "
                "fresh_noise");
  }
}

Schedule edit_schedule(ScheduleOptions options) {
  options.name = "base";
  if (!options.timesteps.empty() && options.timesteps.back() != 0.0f) {
    options.timesteps.push_back(0.0f);
  }
  return make_schedule(options);
}

}  // namespace

void validate(const FlowEditOptions& options) {
  edit_schedule(options.schedule);
  validate(options.guidance);
  validate(options.limits);
  if (options.guidance.method != "apg" && options.guidance.method != "none") {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: flow edit with guidance '",
                    options.guidance.method,
                    "', expected apg or none"));
  }
  if (!(options.window_start >= 0.0 && options.window_start <= options.window_end &&
        options.window_end <= 1.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: flow edit window is ",
                    options.window_start,
                    " to ",
                    options.window_end,
                    ", expected 0 <= start <= end <= 1"));
  }
  if (options.draws_per_step < 1 || options.draws_per_step > kMaxDraws) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: flow edit with ",
                    options.draws_per_step,
                    " draws per step, expected 1 to ",
                    kMaxDraws));
  }
}

FloatArray flow_edit(const FlowEditOptions& options,
                     const FlowEditInputs& inputs,
                     const FlowEditCallbacks& callbacks,
                     const std::stop_token& stop) {
  validate(options);
  require_inputs(inputs, callbacks);
  const std::span<const float> src = inputs.source;
  const Schedule schedule = edit_schedule(options.schedule);
  const auto steps = static_cast<double>(schedule.steps());
  const auto first = static_cast<int64_t>(steps * options.window_start);
  const auto last = static_cast<int64_t>(steps * options.window_end);
  PromptVelocity source(inputs.shape, options, callbacks.source_velocity, callbacks.observe);
  PromptVelocity target(inputs.shape, options, callbacks.target_velocity, callbacks.observe);
  FloatArray z({inputs.shape.batch, inputs.shape.frames, inputs.shape.channels},
               std::vector<float>(src.begin(), src.end()));
  std::vector<float> noise(src.size()), noised_source(src.size()), noised_target(src.size());

  for (int64_t i = first; i < schedule.steps(); ++i) {
    if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "diffusion: flow edit cancelled");
    const Step step = schedule.step(i);
    const float t = step.t;
    const float duration = t - step.next_t;
    if (i < last) {  // in the window: the difference of both velocities moves the clip
      for (int64_t draw = 0; draw < options.draws_per_step; ++draw) {
        callbacks.fresh_noise(noise);
        for (size_t k = 0; k < noise.size(); ++k) {
          noised_source[k] = (1.0f - t) * src[k] + t * noise[k];
          noised_target[k] = z.data[k] + noised_source[k] - src[k];
        }
        source.add_draw(noised_source, t);
        target.add_draw(noised_target, t);
      }
      euler_move(z.data, target.finish_step(), duration, z.data);
      euler_move(z.data, source.finish_step(), -duration, z.data);
    } else {  // after it: plain sampling towards the target
      if (i == std::max(first, last)) {
        callbacks.fresh_noise(noise);
        for (size_t k = 0; k < noise.size(); ++k) {
          z.data[k] = z.data[k] + ((1.0f - t) * src[k] + t * noise[k]) - src[k];
        }
      }
      target.add_draw(z.data, t);
      euler_move(z.data, target.finish_step(), duration, z.data);
    }
    if (callbacks.progress) callbacks.progress(i + 1 - first, schedule.steps() - first);
  }
  require_finite(z.data);
  return z;
}

}  // namespace ams
