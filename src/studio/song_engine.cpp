#include "studio/song_engine.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/log.h"
#include "base/philox.h"
#include "base/str.h"
#include "diffusion/noise.h"
#include "studio/engine_precision.h"
#include "studio/models/model_list.h"
#include "studio/modes/cover_song.h"
#include "studio/modes/edit_song.h"
#include "studio/modes/extend_song.h"
#include "studio/modes/generate_song.h"
#include "studio/sampling_defaults.h"
#include "studio/song_progress.h"

namespace ams {
namespace {

// The request with everything filled in that it leaves open.
SongRequest resolve(SongRequest request,
                    const AceStepConfig& config,
                    std::vector<std::string>& ignored) {
  const SamplingDefaults defaults = sampling_defaults(config.kind);
  SongControls& controls = controls_of(request);
  AdvancedOptions& advanced = controls.advanced;
  if (!controls.seed) controls.seed = draw_seed();
  if (advanced.infer_method == InferMethod::Sde && !controls.sde_seed) {
    controls.sde_seed = draw_seed();
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

SongNoise song_noise(const SongControls& request, int64_t channels) {
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
  context.smallest_tiles = job.smallest_tiles;
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
  context.encoding_progress = [report](int64_t done, int64_t total) {
    report("encoding", done, total);
  };
  context.decoding_progress = [report](int64_t done, int64_t total) {
    report("decoding", done, total);
  };
  return context;
}

// Half an hour of latents.
constexpr size_t kEncodedInputsBytes = size_t{32} << 20;

// What the latents of an input depend on besides its samples.
std::string codec_identity(const SongModel& model) {
  return str(model.files().vae.string(), ' ', precision_name(model.options().precision));
}

std::string tokenizer_identity(const SongModel& model) {
  return str(model.files().dit.string(),
             ' ',
             precision_name(model.options().precision),
             model.options().rounds_rotary_tables ? " rounded" : "");
}

LoadedModels loaded_models(const SongModelFiles& files, bool planner_used) {
  LoadedModels loaded;
  loaded.dit = model_name(files.dit);
  loaded.vae = model_name(files.vae);
  loaded.text_encoder = model_name(files.text_encoder);
  if (planner_used) loaded.lm = model_name(*files.planner);
  return loaded;
}

// A generate request that only says how long the song is.
SongSize usual_size(SongModel& model, double seconds) {
  GenerateRequest usual;
  usual.duration_seconds = seconds;
  std::vector<std::string> ignored;
  const SongRequest request = resolve(usual, model.config(), ignored);
  SongSize size = song_size_with_planner(std::get<GenerateRequest>(request), model);
  if (!model.has_planner()) size.codes = size.planner_prompt = 0;
  return size;
}

}  // namespace

std::unique_ptr<Engine> Engine::open(const EngineOptions& options) {
  return std::make_unique<SongEngine>(options);
}

SongEngine::SongEngine(const EngineOptions& options)
    : options_(options),
      device_(Device::open({options.device, static_cast<int>(options.threads.value_or(0))})),
      inputs_(kEncodedInputsBytes) {
  if (!options_.memory_limit.empty()) parse_bytes(options_.memory_limit);  // throws early
  model_for(options.model, options.compat);
}

EngineFacts SongEngine::facts() const {
  EngineFacts facts;
  const DeviceInfo device = device_->info();
  facts.device = device_kind_name(device.kind);
  facts.device_name = device.name;
  facts.precision = precision_name(precision_of(options_.quant));
  if (device.kind != DeviceKind::Cpu && device.kind != DeviceKind::Metal) {
    facts.free_bytes = device.memory_free;
  }
  if (!model_) return facts;
  facts.model = model_->files().name;
  facts.has_planner = model_->has_planner();
  facts.weight_bytes = model_->weight_bytes();
  facts.missing_bytes =
      all_weight_bytes_ > facts.weight_bytes ? all_weight_bytes_ - facts.weight_bytes : 0;
  return facts;
}

SongModelFiles SongEngine::find_files(const std::string& name) {
  is_test_model_ = false;
  try {
    return find_song_model(name, options_.planner, options_.model_folders);
  } catch (const Error& error) {
    const bool is_named = !name.empty() || !options_.planner.empty();
    if (error.code() != ErrorCode::NotFound || is_named || options_.test_models.empty()) throw;
  }
  is_test_model_ = true;
  return find_song_model("", /*planner=*/"", std::vector{options_.test_models});
}

SongModel& SongEngine::model_for(const std::string& name, Compatibility compat) {
  const SongModelOptions wanted{
      precision_of(options_.quant), compat == Compatibility::Bf16Tables, options_.quant_cache};
  // A request without a name means the engine's own model, whatever the last one asked for.
  const std::string& called = name.empty() ? options_.model : name;
  const bool is_same_name = model_ && called == model_name_;
  if (is_same_name && model_options_ == wanted) return *model_;
  SongModelFiles files = is_same_name ? model_->files() : find_files(called);
  model_name_ = called;
  if (model_ && model_options_ == wanted && files.dit == model_->files().dit) return *model_;
  model_.reset();  // its memory is free before the next one needs it
  model_ = std::make_unique<SongModel>(std::move(files), *device_, wanted);
  model_options_ = wanted;
  note_weights();
  return *model_;
}

// Without a limit a CPU's figure is an estimate: nothing is refused, the system may swap. A card
// keeps some of its memory for the driver and other programs.
MemoryBudget SongEngine::budget() const {
  constexpr size_t kMostHeadroom = size_t{2} << 30;
  constexpr size_t kHeadroomShare = 16;
  MemoryBudget budget;
  budget.counts_host = device_->is_cpu();
  budget.may_quantise = options_.quant == Quantisation::None;
  if (!options_.memory_limit.empty()) {
    budget.bytes = parse_bytes(options_.memory_limit);
    budget.refuses = true;
  } else if (device_->is_cpu()) {
    const size_t free = free_ram_bytes();
    budget.bytes = free > 0 ? free + resident_bytes() : INT64_MAX;
  } else {
    const DeviceInfo info = device_->info();
    const size_t headroom = std::min(kMostHeadroom, info.memory_total / kHeadroomShare);
    const size_t ours = device_->meter().current() + device_->meter().scratch();
    budget.bytes = info.memory_free + ours > headroom ? info.memory_free + ours - headroom : 0;
    budget.refuses = true;
  }
  return budget;
}

// Files that do not fit are told by the song that loads them.
void SongEngine::note_weights() {
  all_weight_bytes_ = 0;
  try {
    const auto weights = measure_weights(model_->files(), *device_, model_->options().precision);
    all_weight_bytes_ = std::accumulate(weights.begin(), weights.end(), size_t{0});
  } catch (const Error& error) {
    log(LogLevel::Debug, "studio", error.what());
  }
}

MemoryPlan SongEngine::plan(const SongModel& model, const SongSize& size) const {
  // Graphs, threads and libraries that come with a song; measured as 15 to 25 MiB.
  constexpr size_t kGrowth = size_t{20} << 20;
  const size_t ours = device_->meter().current() + device_->meter().scratch();
  const size_t resident = resident_bytes();
  const size_t program = (resident > ours ? resident - ours : 0) + kGrowth;
  return plan_memory(model_options_.precision, budget(), [&](const MemoryMeasures& measures) {
    MemoryNeeds needs = measure_needs(model.files(), *device_, size, measures);
    needs.program = program;
    return needs;
  });
}

std::optional<MemoryPlan> SongEngine::forecast(double seconds) {
  SongModel& model = model_for("", options_.compat);
  return plan(model, usual_size(model, seconds));
}

SongModel& SongEngine::plan_for(SongModel& model, const SongSize& size, SongReport& report) {
  plan_ = plan(model, size);
  for (const std::string& line : plan_->lines()) log(LogLevel::Info, "studio", line);
  report.memory = plan_;
  const MemoryMeasures& measures = plan_->measures;
  if (measures.precision != model_options_.precision) {
    report.warnings.push_back(
        str("memory is short: the weights were quantised to ", precision_name(measures.precision)));
  }
  if (measures.precision != model.options().precision) {
    SongModelFiles files = model.files();
    SongModelOptions options = model.options();
    options.precision = measures.precision;
    model_.reset();
    model_ = std::make_unique<SongModel>(std::move(files), *device_, options);
    note_weights();
  }
  model_->use(measures);
  return *model_;
}

void SongEngine::apply_loras(SongModel& model,
                             std::span<const LoraChoice> choices,
                             std::span<const LoraUse> uses,
                             const LoadObserver& loading,
                             SongReport& report) {
  const std::vector<LoraOutcome> outcomes = model.apply_loras(uses, loading);
  report.loras = loras_.report(choices, uses, outcomes);
  for (const LoraOutcome& outcome : outcomes) {
    if (outcome.unmatched.empty()) continue;
    report.warnings.push_back(str("adapter '",
                                  outcome.name,
                                  "': ",
                                  outcome.unmatched.size(),
                                  " of its modules have no place in this model and were left out, ",
                                  outcome.modules_matched,
                                  " fit"));
  }
}

// What device, model and controls say about the song; `report.lm_used` is set.
void SongEngine::describe(const SongModel& model,
                          const SongControls& controls,
                          SongReport& report) const {
  const DeviceInfo device = device_->info();
  report.device = device_kind_name(device.kind);
  report.device_name = device.name;
  report.precision = precision_name(model.options().precision);
  report.models = loaded_models(model.files(), report.lm_used);
  report.seed = *controls.seed;
  report.sde_seed = controls.sde_seed;
  report.advanced = controls.advanced;
}

void SongEngine::preload(const JobContext& job) {
  const LoadObserver loading = [&job](std::string_view network) {
    if (job.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "engine: loading was stopped");
    if (network.empty()) return;
    Progress event;
    event.stage = "loading";
    event.message = network;
    job.progress(event);
  };
  SongReport report;
  SongModel* model = &model_for("", options_.compat);
  model = &plan_for(*model, usual_size(*model, GenerateRequest{}.duration_seconds), report);
  const MemoryMeasures& measures = model->measures();
  // What may not be beside the planner, which works first, would be dropped for it again.
  const bool fit_together = !measures.drops_planner && !measures.keeps_one_network;
  if (fit_together || !model->has_planner()) model->load(loading);
  if (model->has_planner()) model->planner(loading);
  model->networks({});  // forgets the observer
}

SongResult SongEngine::generate(const SongRequest& asked, const JobContext& asked_by) {
  const auto start = std::chrono::steady_clock::now();
  SongResult result;
  SongReport& report = result.report;
  SongModel* model = &model_for(controls_of(asked).model, controls_of(asked).compat);
  const SongRequest request = resolve(asked, model->config(), report.ignored_params);
  const SongControls& controls = controls_of(request);
  if (is_test_model_) {
    report.warnings.emplace_back(
        "no song model is installed; this is noise from the tiny checkpoint of the tests. Put a "
        "model into the folder 'models' or name one with --model");
  }
  const SongProgress progress(asked_by);
  const JobContext& job = progress.job();
  const LoadObserver& loading = progress.loading();

  // Before the planner and any encoding: an adapter that is missing or damaged is told at once.
  const std::vector<LoraUse> adapters = loras_.open(controls.loras, options_.model_folders);
  const auto* generate = std::get_if<GenerateRequest>(&request);
  const bool plans_song = generate && wants_planner(*generate) && model->has_planner();
  if (plans_song) model = &plan_for(*model, song_size_with_planner(*generate, *model), report);
  double loaded_before = model->load_seconds();
  // Nor does an adapter of another model let the planner work in vain. Without planner the plan,
  // which may bring another model object, comes after the draft, and adapters after that.
  if (plans_song) apply_loras(*model, controls.loras, adapters, loading, report);
  const ModeContext context{.model = *model, .job = job, .loading = loading, .report = report};
  SongDraft draft =
      std::visit([&](const auto& each) { return draft_song(each, context); }, request);
  if (!plans_song) {
    model = &plan_for(*model, song_size(draft.spec, *model), report);
    loaded_before = model->load_seconds();
    apply_loras(*model, controls.loras, adapters, loading, report);
  }
  SongNetworks networks = model->networks(loading);
  const int64_t hits_before = inputs_.hits();
  CachingCodec codec(*networks.codec, inputs_, codec_identity(*model));
  CachingTokenizer tokenizer(*networks.code_tokenizer, inputs_, tokenizer_identity(*model));
  networks.codec = &codec;
  networks.code_tokenizer = &tokenizer;
  const SongNoise noise = song_noise(controls, networks.denoiser->latent_channels());
  RenderedSong song = render_song(networks, draft.spec, noise, song_context(job));
  result.audio = draft.finish({networks.codec->sample_rate(), std::move(song.audio)});
  model->networks({});  // forgets the observer, which ends with this job

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  report.inputs_reused = inputs_.hits() - hits_before;
  report.load_seconds = model->load_seconds() - loaded_before;
  report.wall_seconds = elapsed.count() - report.load_seconds;
  describe(*model, controls, report);
  return result;
}

}  // namespace ams
