#include "diffusion/sampler.h"

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/euler.h"
#include "diffusion/repaint.h"
#include "diffusion/solver.h"

namespace ams {
namespace {

void require_share(std::string_view name, double value) {
  if (value >= 0.0 && value <= 1.0) return;
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: ", name, " is ", value, ", expected 0 to 1"));
}

void require_size(std::string_view name, size_t actual, size_t expected) {
  if (actual == expected) return;
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: ", name, " has ", actual, " values, expected ", expected));
}

void require_callback(std::string_view name, bool is_set) {
  if (is_set) return;
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: the callback ", name, " is needed by these options"));
}

void validate_inputs(const SampleOptions& options,
                     const SampleInputs& inputs,
                     const SampleCallbacks& callbacks) {
  validate(inputs.shape);
  require_size("noise", inputs.noise.size(), inputs.shape.size());
  if (options.cover_noise_strength > 0.0) {
    require_size("cover source", inputs.cover_source.size(), inputs.shape.size());
  }
  if (inputs.repaint) {
    const auto frames = static_cast<size_t>(inputs.shape.batch * inputs.shape.frames);
    require_size("repaint source", inputs.repaint->clean.size(), inputs.shape.size());
    require_size("repaint mask", inputs.repaint->mask.size(), frames);
    require_share("repaint injection ratio", inputs.repaint->injection_ratio);
    if (inputs.repaint->crossfade_frames < 0) {
      throw Error(ErrorCode::InvalidRequest, "diffusion: repaint crossfade frames are negative");
    }
  }
  require_callback("velocity", static_cast<bool>(callbacks.velocity));
  if (find_solver(options.solver).draws_noise) {
    require_callback("fresh_noise", static_cast<bool>(callbacks.fresh_noise));
  }
}

// Drops the steps above the level of the partly noised source and sets the latents to it.
void start_from_source(const SampleInputs& inputs,
                       double strength,
                       Schedule& schedule,
                       std::span<float> latents) {
  schedule.start_at(schedule.nearest_step(1.0 - strength));
  const float t = schedule.noise_levels.front();
  for (size_t i = 0; i < latents.size(); ++i) {
    latents[i] = t * inputs.noise[i] + (1.0f - t) * inputs.cover_source[i];
  }
}

void inject_after_step(const SampleInputs& inputs,
                       const Step& step,
                       float level,
                       std::span<float> latents) {
  if (!inputs.repaint || step.jumps_to_clean) return;
  const RepaintRegion& repaint = *inputs.repaint;
  if (step.index >= injection_steps(repaint.injection_ratio, step.count)) return;
  inject_source(inputs.shape, repaint.mask, inputs.noise, repaint.clean, level, latents);
}

}  // namespace

void validate(const SampleOptions& options) {
  make_schedule(options.schedule);
  find_solver(options.solver);
  validate(options.guidance);
  validate(options.limits);
  if (options.correction) validate(*options.correction);
  require_share("cover strength", options.cover_strength);
  require_share("cover noise strength", options.cover_noise_strength);
}

FloatArray sample(const SampleOptions& options,
                  const SampleInputs& inputs,
                  const SampleCallbacks& callbacks,
                  const std::stop_token& stop) {
  validate(options);
  validate_inputs(options, inputs, callbacks);
  const LatentShape& shape = inputs.shape;
  Schedule schedule = make_schedule(options.schedule);
  FloatArray x({shape.batch, shape.frames, shape.channels},
               std::vector<float>(inputs.noise.begin(), inputs.noise.end()));
  if (options.cover_noise_strength > 0.0) {
    start_from_source(inputs, options.cover_noise_strength, schedule, x.data);
  }
  const int64_t steps = schedule.steps();
  const auto cover_steps =
      static_cast<int64_t>(static_cast<double>(steps) * options.cover_strength);
  if (cover_steps < steps) {
    require_callback("non_cover_velocity", static_cast<bool>(callbacks.non_cover_velocity));
  }

  const VelocityFunction* network = &callbacks.velocity;
  GuidedVelocity guided(shape, options.guidance, options.limits, callbacks.observe);
  const auto corrector = [&](auto latents, float t, auto first, auto velocity) {
    guided.evaluate_corrector(*network, latents, t, first, velocity);
  };
  const std::unique_ptr<Solver> solver =
      find_solver(options.solver).make({shape, corrector, callbacks.fresh_noise});
  std::optional<WaveletCorrection> correction;
  if (options.correction) correction.emplace(shape, *options.correction);
  std::vector<float> v(shape.size());
  std::vector<float> clean(correction ? shape.size() : 0);  // as predicted at the step's start

  for (int64_t i = 0; i < steps; ++i) {
    if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "diffusion: sampling cancelled");
    const Step step = schedule.step(i);
    if (i == cover_steps) network = &callbacks.non_cover_velocity;
    guided.evaluate(*network, x.data, step.t, v);
    if (correction) euler_move(x.data, v, step.t, clean);
    solver->step(x.data, v, step);
    if (correction) correction->correct(x.data, clean, step.t);
    guided.remember(v);
    inject_after_step(inputs, step, solver->level_after(step), x.data);
    if (callbacks.progress) callbacks.progress(i + 1, steps);
  }
  if (inputs.repaint && inputs.repaint->crossfade_frames > 0) {
    const RepaintRegion& repaint = *inputs.repaint;
    blend_source(shape, repaint.mask, repaint.clean, repaint.crossfade_frames, x.data);
  }
  require_finite(x.data);
  return x;
}

}  // namespace ams
