// loop/: whole sampling loops with recorded noise, network included.
#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/flow_edit.h"
#include "diffusion/noise.h"
#include "diffusion/repaint.h"
#include "diffusion/sampler.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"
#include "studio/modes/prepare_conditions.h"

namespace ams::golden {
namespace {

LatentShape shape_of(const FloatArray& latents) {
  return {latents.dim(0), latents.dim(1), latents.dim(2)};
}

ScheduleOptions schedule_options(const GoldenCase& golden) {
  ScheduleOptions options;
  if (golden.params().contains("infer_steps")) {
    options.steps = golden.params().at("infer_steps").as_int();
  }
  options.shift = golden.params().get("shift", 1.0);
  if (golden.has("in.timesteps")) options.timesteps = golden.floats("in.timesteps").data;
  return options;
}

GuidanceOptions guidance_options(const Json& params) {
  GuidanceOptions options;
  options.method = params.get("use_adg", false) ? "adg" : "apg";
  options.scale = params.get("diffusion_guidance_scale", 7.0);
  options.interval_start = params.get("cfg_interval_start", 0.0);
  options.interval_end = params.get("cfg_interval_end", 1.0);
  return options;
}

VelocityLimits velocity_limits(const Json& params) {
  VelocityLimits limits;
  limits.norm_threshold = params.get("velocity_norm_threshold", 0.0);
  limits.average_factor = params.get("velocity_ema_factor", 0.0);
  return limits;
}

SampleOptions sample_options(const GoldenCase& golden) {
  const Json& params = golden.params();
  SampleOptions options;
  options.schedule = schedule_options(golden);
  options.guidance = guidance_options(params);
  options.limits = velocity_limits(params);
  if (params.get("sampler_mode", "euler") == "heun") options.solver = "heun";
  if (params.get("infer_method", "ode") == "sde") options.solver = "sde";
  if (params.get("dcw_enabled", true)) {
    CorrectionOptions correction;
    correction.mode = find_correction_mode(params.get("dcw_mode", "double"));
    correction.scale = params.get("dcw_scaler", 0.05);
    correction.high_scale = params.get("dcw_high_scaler", 0.02);
    correction.wavelet = params.get("dcw_wavelet", "haar");
    options.correction = correction;
  }
  options.cover_strength = params.get("audio_cover_strength", 1.0);
  options.cover_noise_strength = params.get("cover_noise_strength", 0.0);
  return options;
}

// Hands out the rows of a recorded array in order.
NoiseSource recorded_noise(const GoldenCase& golden, const std::string& name) {
  if (!golden.has(name)) return {};
  return [noise = golden.floats(name), draw = int64_t{0}](std::span<float> out) mutable {
    if (draw >= noise.dim(0)) {
      throw Error(ErrorCode::Internal, str("golden: more than ", noise.dim(0), " draws of noise"));
    }
    const std::span<const float> row = noise.row(draw++);
    std::copy(row.begin(), row.end(), out.begin());
  };
}

VelocityFunction velocity_of(ConditionedDenoiser& denoiser) {
  return [&denoiser](auto latents, float t, auto conditional, auto unconditional) {
    denoiser.velocity(latents, t, conditional, unconditional);
  };
}

ConditionSources sources_of(const RunContext& context, const GoldenCase& golden) {
  ConditionSources sources;
  sources.inputs = condition_inputs(golden, "in.");
  sources.source_latents = golden.floats("in.src_latents");
  sources.chunk_masks = golden.floats("in.chunk_masks");
  sources.is_cover = golden.ids("in.is_covers");
  sources.silence = read_silence_latent(context.checkpoint("acestep-v15-xl-sft"));
  if (golden.has("in.precomputed_lm_hints_25Hz")) {
    sources.hints = golden.floats("in.precomputed_lm_hints_25Hz");
  }
  return sources;
}

// The plain text conditions that take over after the cover steps: silence in the context.
ConditionSources non_cover_sources(const ConditionSources& main, const GoldenCase& golden) {
  ConditionSources sources = main;
  sources.inputs = condition_inputs(golden, "in.non_cover_");
  std::fill(sources.is_cover.begin(), sources.is_cover.end(), 0);
  const FloatArray silent = silence_frames(main.silence, main.source_latents.dim(1));
  for (int64_t b = 0; b < main.source_latents.dim(0); ++b) {
    std::copy(silent.data.begin(), silent.data.end(), sources.source_latents.row(b).begin());
  }
  return sources;
}

// Input, output and noise level of every call: the taps of a loop.
class CallRecord {
 public:
  VelocityObserver observer() {
    return [this](const VelocityCall& call) {
      append(x_, call.latents, call.unconditional.empty() ? 1 : 2);
      append(v_, call.conditional, 1);
      v_.data.insert(v_.data.end(), call.unconditional.begin(), call.unconditional.end());
      t_.data.push_back(call.t);
    };
  }
  void report(const GoldenCase& golden, Comparison& comparison) {
    // Outside the guidance interval the reference computes the null half all the same.
    if (golden.has("mid.x") && golden.floats("mid.x").size() != x_.size()) return;
    comparison.check("mid.t", t_);
    comparison.check("mid.x", x_);
    comparison.check("mid.v", v_);
  }

 private:
  static void append(FloatArray& to, std::span<const float> values, int times) {
    for (int i = 0; i < times; ++i) to.data.insert(to.data.end(), values.begin(), values.end());
  }
  FloatArray x_, v_, t_;
};

void run_sampling(const RunContext& context,
                  const GoldenCase& golden,
                  AceStepModel& model,
                  Comparison& comparison) {
  const SampleOptions options = sample_options(golden);
  const ConditionSources sources = sources_of(context, golden);
  const auto prepare = [&](const ConditionSources& chosen) {
    return model.denoiser().bind(
        prepare_conditions(model.conditions(), model.code_tokenizer(), chosen).denoiser());
  };
  const auto main = prepare(sources);
  std::unique_ptr<ConditionedDenoiser> non_cover;
  FloatArray noise = golden.floats("in.noise");
  if (golden.has("in.retake_noise")) {
    mix_retake_noise(noise.data,
                     golden.floats("in.retake_noise").data,
                     golden.params().at("retake_variance").as_double());
  }
  SampleInputs inputs;
  inputs.shape = shape_of(noise);
  inputs.noise = noise.data;
  inputs.cover_source = sources.source_latents.data;
  FloatArray clean;
  std::vector<uint8_t> mask;
  if (golden.has("in.repaint_mask")) {
    clean = golden.floats("in.clean_src_latents");
    const std::vector<int64_t> wide = golden.integers("in.repaint_mask");
    mask.assign(wide.begin(), wide.end());
    RepaintRegion region;
    region.clean = clean.data;
    region.mask = mask;
    region.injection_ratio = golden.params().at("repaint_injection_ratio").as_double();
    region.crossfade_frames = golden.params().at("repaint_crossfade_frames").as_int();
    inputs.repaint = region;
  }
  SampleCallbacks callbacks;
  callbacks.velocity = velocity_of(*main);
  if (golden.has("in.non_cover_text_hidden_states")) {
    non_cover = prepare(non_cover_sources(sources, golden));
    callbacks.non_cover_velocity = velocity_of(*non_cover);
  }
  callbacks.fresh_noise = recorded_noise(golden, "in.sde_noise");
  CallRecord record;
  callbacks.observe = record.observer();
  const FloatArray latents = sample(options, inputs, callbacks);
  record.report(golden, comparison);
  comparison.check("out.latents", latents);
}

void run_flow_edit(const RunContext& context,
                   const GoldenCase& golden,
                   AceStepModel& model,
                   Comparison& comparison) {
  const Json& params = golden.params();
  FlowEditOptions options;
  options.schedule = schedule_options(golden);
  options.guidance = guidance_options(params);
  options.limits = velocity_limits(params);
  options.window_start = params.at("edit_n_min").as_double();
  options.window_end = params.at("edit_n_max").as_double();
  options.draws_per_step = params.at("edit_n_avg").as_int();
  ConditionSources source = sources_of(context, golden);
  const FloatArray clip = source.source_latents;
  source.source_latents = golden.floats("in.ctx_src_latents");
  ConditionSources target = source;
  target.inputs = condition_inputs(golden, "in.target_");
  const auto prepare = [&](const ConditionSources& chosen) {
    return model.denoiser().bind(
        prepare_conditions(model.conditions(), model.code_tokenizer(), chosen).denoiser());
  };
  const auto source_denoiser = prepare(source);
  const auto target_denoiser = prepare(target);
  FlowEditCallbacks callbacks;
  callbacks.source_velocity = velocity_of(*source_denoiser);
  callbacks.target_velocity = velocity_of(*target_denoiser);
  callbacks.fresh_noise = recorded_noise(golden, "in.fwd_noise");
  CallRecord record;
  callbacks.observe = record.observer();
  const FloatArray latents = flow_edit(options, {shape_of(clip), clip.data}, callbacks);
  record.report(golden, comparison);
  comparison.check("out.latents", latents);
}

}  // namespace

void run_loop(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision);
  if (golden.params().contains("edit_n_avg")) {
    run_flow_edit(context, golden, *model, comparison);
  } else {
    run_sampling(context, golden, *model, comparison);
  }
}

}  // namespace ams::golden
