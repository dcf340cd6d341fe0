#include "studio/song_engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "audio/level.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "diffusion/noise.h"
#include "planner/plan_song.h"
#include "studio/engine_precision.h"
#include "studio/sampling_defaults.h"

namespace ams {
namespace {

constexpr double kPeakDbfs = -1.0;  // of a finished song, as the reference's default

// The request with everything that it leaves open filled in.
GenerateRequest resolve(GenerateRequest request,
                        const AceStepConfig& config,
                        std::vector<std::string>& ignored) {
  const SamplingDefaults defaults = sampling_defaults(config.kind);
  AdvancedOptions& advanced = request.advanced;
  if (!request.seed) request.seed = draw_seed();
  if (advanced.infer_method == InferMethod::Sde && !request.sde_seed) {
    request.sde_seed = draw_seed();
  }
  if (!advanced.inference_steps) advanced.inference_steps = defaults.steps;
  if (!advanced.shift) advanced.shift = defaults.shift;
  if (config.kind == ModelKind::Turbo) {
    if (advanced.guidance_scale.value_or(1.0) > 1.0) ignored.emplace_back("guidance_scale");
    advanced.guidance_scale = 1.0;
  }
  if (!advanced.guidance_scale) advanced.guidance_scale = defaults.guidance_scale;
  return request;
}

SampleOptions sample_options(const GenerateRequest& request, ModelKind kind) {
  const AdvancedOptions& advanced = request.advanced;
  SampleOptions options;
  options.schedule.name = kind == ModelKind::Turbo ? "turbo" : "base";
  options.schedule.steps = *advanced.inference_steps;
  options.schedule.shift = *advanced.shift;
  options.schedule.rounds_to_bfloat16 = request.compat == Compatibility::Bf16Tables;
  options.solver = advanced.infer_method == InferMethod::Sde ? "sde" : "euler";
  options.guidance.method = advanced.use_adg ? "adg" : "apg";
  options.guidance.scale = *advanced.guidance_scale;
  options.guidance.interval_start = advanced.cfg_interval_start;
  options.guidance.interval_end = advanced.cfg_interval_end;
  if (request.dcw.enabled) {
    CorrectionOptions correction;
    correction.mode = find_correction_mode(request.dcw.mode);
    correction.scale = request.dcw.scaler;
    correction.high_scale = request.dcw.high_scaler;
    options.correction = correction;
  }
  return options;
}

SongMetadata user_metadata(const GenerateRequest& request) {
  SongMetadata metadata;
  metadata.bpm = request.advanced.bpm;
  metadata.key_scale = request.advanced.keyscale;
  metadata.time_signature = request.advanced.timesignature;
  metadata.language = request.advanced.vocal_language;
  return metadata;
}

std::string lyrics_of(const GenerateRequest& request) {
  return request.instrumental ? std::string(kInstrumentalLyrics) : request.lyrics;
}

SongPlan run_planner(const SongModel::Planner& planner,
                     const GenerateRequest& request,
                     const JobContext& job) {
  PlanOptions options;
  options.thinking = request.lm.thinking;
  options.use_cot_metas = request.lm.use_cot_metas;
  options.use_cot_caption = request.lm.use_cot_caption;
  options.use_cot_language = request.lm.use_cot_language;
  options.temperature = static_cast<float>(request.lm.temperature);
  options.top_p = static_cast<float>(request.lm.top_p);
  options.top_k = request.lm.top_k;
  options.guidance_scale = static_cast<float>(request.lm.cfg);
  options.negative_prompt = request.lm.negative_prompt;
  PlanRequest plan;
  plan.caption = request.prompt;
  plan.lyrics = lyrics_of(request);
  plan.metadata = user_metadata(request);
  // Codes cover whole fifths of a second; what is too long is cut from the audio.
  const auto rate = static_cast<double>(kCodesPerSecond);
  plan.duration_seconds = std::ceil(request.duration_seconds * rate - 1e-9) / rate;
  plan.seed = static_cast<uint64_t>(*request.seed);
  PlanObserver observer;
  observer.stop = job.stop;
  observer.progress = [&](const PlanProgress& progress) {
    Progress event;
    event.stage = "planning";
    event.step = progress.tokens;
    event.total = progress.expected_tokens.value_or(0);
    event.fraction =
        event.total > 0 ? static_cast<double>(event.step) / static_cast<double>(event.total) : 0.0;
    event.message = progress.text;
    job.progress(event);
  };
  return plan_song(*planner.lm, *planner.grammar, options, plan, observer);
}

PlannedSong planned_song(const SongPlan& plan) {
  PlannedSong planned;
  planned.caption = plan.planned.caption;
  planned.bpm = plan.planned.bpm;
  planned.keyscale = plan.planned.key_scale;
  planned.timesignature = plan.planned.time_signature;
  planned.vocal_language = plan.planned.language;
  return planned;
}

SongNoise song_noise(const GenerateRequest& request, int64_t channels) {
  SongNoise noise;
  const auto seed = static_cast<uint64_t>(*request.seed);
  const bool rounded = request.compat == Compatibility::Bf16Tables;
  noise.initial = [=](std::span<float> out) {
    const LatentShape shape{1, static_cast<int64_t>(out.size()) / channels, channels};
    const NoisePrecision precision = rounded ? NoisePrecision::BFloat16 : NoisePrecision::Float32;
    const FloatArray drawn =
        initial_noise(shape, std::vector<uint64_t>{seed}, NoiseRecipe::TorchCuda, precision);
    std::copy(drawn.data.begin(), drawn.data.end(), out.begin());
  };
  const auto sde_seed = static_cast<uint64_t>(request.sde_seed.value_or(*request.seed));
  noise.fresh = [stream = PhiloxStream(sde_seed, RandomPurpose::Sde)](
                    std::span<float> out) mutable { stream.fill_normal(out); };
  return noise;
}

SongContext song_context(const JobContext& job) {
  SongContext context;
  context.stop = job.stop;
  const auto report = [&job](std::string_view stage, int64_t done, int64_t total) {
    Progress event;
    event.stage = stage;
    event.step = done;
    event.total = total;
    event.fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
    job.progress(event);
  };
  context.stage = [report](std::string_view stage) { report(stage, 0, 0); };
  context.diffusion_progress = [report](int64_t done, int64_t total) {
    report("diffusion", done, total);
  };
  context.decoding_progress = [report](int64_t done, int64_t total) {
    report("decoding", done, total);
  };
  return context;
}

LoadedModels loaded_models(const SongModelFiles& files, bool planner_used) {
  LoadedModels loaded;
  loaded.dit = files.dit.filename().string();
  loaded.vae = files.vae.filename().string();
  loaded.text_encoder = files.text_encoder.filename().string();
  if (planner_used) loaded.lm = files.planner->filename().string();
  return loaded;
}

}  // namespace

std::unique_ptr<Engine> Engine::open(const EngineOptions& options) {
  return std::make_unique<SongEngine>(options);
}

SongEngine::SongEngine(const EngineOptions& options)
    : options_(options),
      device_(Device::open({options.device, static_cast<int>(options.threads.value_or(0))})) {
  model_for(options.model, options.compat);
}

SongModelFiles SongEngine::find_files(const std::string& name) {
  is_test_model_ = false;
  try {
    return find_song_model(name, /*planner=*/"", options_.model_folders);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound || !name.empty() || options_.test_models.empty()) throw;
  }
  is_test_model_ = true;
  return find_song_model("", /*planner=*/"", std::vector{options_.test_models});
}

SongModel& SongEngine::model_for(const std::string& name, Compatibility compat) {
  const SongModelOptions wanted{precision_of(options_.quant), compat == Compatibility::Bf16Tables};
  const bool other_name = !name.empty() && name != model_name_;
  if (!model_ || other_name || model_->options() != wanted) {
    SongModelFiles files = model_ && !other_name ? model_->files() : find_files(name);
    model_.reset();  // its memory is free before the next one needs it
    model_ = std::make_unique<SongModel>(std::move(files), *device_, wanted);
    if (!name.empty()) model_name_ = name;
  }
  return *model_;
}

SongResult SongEngine::generate(const GenerateRequest& asked, const JobContext& job) {
  const auto start = std::chrono::steady_clock::now();
  SongResult result;
  SongModel& model = model_for(asked.model, asked.compat);
  const double loaded_before = model.load_seconds();
  const GenerateRequest request = resolve(asked, model.config(), result.report.ignored_params);
  if (is_test_model_) {
    result.report.warnings.emplace_back(
        "no song model is installed; this is noise from the tiny checkpoint of the tests. Put a "
        "model into the folder 'models' or name one with --model");
  }
  const LoadObserver loading = [&](std::string_view network) {
    Progress event;
    event.stage = "loading";
    event.message = network;
    job.progress(event);
  };

  SongSpec spec;
  spec.caption = request.prompt;
  spec.lyrics = lyrics_of(request);
  spec.metadata = user_metadata(request);
  spec.duration_seconds = std::ceil(request.duration_seconds * 10.0 - 1e-9) / 10.0;
  spec.sampling = sample_options(request, model.config().kind);
  const PlannerOptions& lm = request.lm;
  const bool wants_planner =
      lm.thinking || lm.use_cot_metas || lm.use_cot_caption || lm.use_cot_language;
  if (wants_planner && model.has_planner()) {
    const SongPlan plan = run_planner(model.planner(loading), request, job);
    spec.metadata = plan.metadata;
    if (!plan.metadata.caption.empty()) spec.caption = plan.metadata.caption;
    spec.codes = plan.codes;
    result.report.lm_used = true;
    result.report.lm_result = planned_song(plan);
  } else if (wants_planner) {
    result.report.warnings.emplace_back(
        "the model has no planner beside it; the song was made without one");
  }
  spec.language =
      spec.metadata.language.empty() ? std::string(kUnknownLanguage) : spec.metadata.language;
  spec.told_seconds = request.duration_seconds;

  const SongNetworks networks = model.networks(loading);
  const SongNoise noise = song_noise(request, networks.denoiser->latent_channels());
  RenderedSong song = render_song(networks, spec, noise, song_context(job));

  AudioBuffer audio{networks.codec->sample_rate(), std::move(song.audio)};
  const auto wanted = static_cast<int64_t>(
      std::llround(request.duration_seconds * static_cast<double>(audio.sample_rate)));
  result.audio = slice_audio(audio, 0, std::min(wanted, audio.length()));
  normalise_peak(result.audio, kPeakDbfs);

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const DeviceInfo device = device_->info();
  SongReport& report = result.report;
  report.device = device_kind_name(device.kind);
  report.device_name = device.name;
  report.precision = precision_name(model.options().precision);
  report.models = loaded_models(model.files(), report.lm_used);
  report.seed = *request.seed;
  report.sde_seed = request.sde_seed;
  report.advanced = request.advanced;
  report.load_seconds = model.load_seconds() - loaded_before;
  report.wall_seconds = elapsed.count() - report.load_seconds;
  return result;
}

}  // namespace ams
