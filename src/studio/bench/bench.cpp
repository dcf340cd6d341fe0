#include "studio/bench/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include <sys/resource.h>

#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "planner/plan_song.h"
#include "planner/token_sampler.h"
#include "studio/bench/bench_ceilings.h"
#include "studio/bench/bench_networks.h"
#include "studio/bench/bench_post.h"
#include "studio/engine_precision.h"
#include "studio/requests/lyrics_request.h"
#include "studio/sampling_defaults.h"

namespace ams {
namespace {

constexpr int64_t kTextTokens = 70;  // of a usual prompt
constexpr int64_t kLyricTokens = 200;
constexpr int64_t kPromptTokens = 300;  // of the planner
constexpr int64_t kTimedTokens = 32;    // planner steps of one run

struct Timing {
  double median = 0.0;  // seconds
  double spread = 0.0;
  double processor = 0.0;  // seconds of all threads, median
};

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<float> seeded_noise(int64_t count) {
  std::vector<float> noise(static_cast<size_t>(count));
  PhiloxStream(1, RandomPurpose::Noise).fill_normal(noise);
  return noise;
}

std::vector<int32_t> seeded_tokens(int64_t count, int64_t vocabulary) {
  PhiloxStream stream(2, RandomPurpose::Planner);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(stream.uniform() * static_cast<double>(vocabulary));
  }
  return tokens;
}

class Bench {
 public:
  Bench(const BenchOptions& options, const JobContext& job)
      : options_(options),
        job_(job),
        device_(open_with_implementation(
            {options.engine.device, static_cast<int>(options.engine.threads.value_or(0))},
            options.impl)),
        networks_(options, *device_) {}

  BenchReport run();

 private:
  bool wants(std::string_view stage) const {
    return options_.stage == "all" || options_.stage == stage;
  }
  Timing timed(const std::function<void()>& work, int64_t repeats = 1) const;
  void add(BenchStage stage);
  void add_milliseconds(std::string name, const Timing& timing, std::optional<double> share = {});
  void add_rate(std::string name,
                const Timing& timing,
                double tokens,
                std::optional<double> share = {});
  // Share of the bf16 product ceiling.
  double product_share(double operations, const Timing& timing) const {
    return operations / timing.median / 1e9 / ceilings_.bf16_gflops;
  }
  std::optional<double> processor_ms(const Timing& timing) const {
    return device_->is_cpu() ? std::optional(timing.processor * 1e3) : std::nullopt;
  }
  void note_memory();
  void measure_text();
  void measure_planner();
  void measure_lyrics();
  void measure_song_model();
  void measure_codec();

  const BenchOptions& options_;
  const JobContext& job_;
  std::unique_ptr<Device> device_;
  BenchNetworks networks_;
  Ceilings ceilings_;
  BenchReport report_;
  double song_seconds_ = 0.0;  // sum of the stages of one song
  size_t device_memory_used_ = 0;
};

Timing Bench::timed(const std::function<void()>& work, int64_t repeats) const {
  std::vector<double> seconds;
  std::vector<double> processor;
  const auto each = static_cast<double>(repeats);
  for (int64_t run = -1; run < options_.runs; ++run) {  // the first one warms up
    if (job_.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "the bench was cancelled");
    const double processor_start = processor_seconds();
    const auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < repeats; ++i) work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (run < 0) continue;
    seconds.push_back(elapsed.count() / each);
    processor.push_back((processor_seconds() - processor_start) / each);
  }
  const double middle = median(seconds);
  return {middle, seconds.back() - seconds.front(), median(processor)};
}

void Bench::add(BenchStage stage) {
  report_.stages.push_back(std::move(stage));
  note_memory();
}

void Bench::add_milliseconds(std::string name, const Timing& timing, std::optional<double> share) {
  add({std::move(name),
       "ms",
       timing.median * 1e3,
       timing.spread * 1e3,
       share,
       processor_ms(timing)});
}

void Bench::add_rate(std::string name,
                     const Timing& timing,
                     double tokens,
                     std::optional<double> share) {
  add({std::move(name),
       "tokens/s",
       tokens / timing.median,
       tokens / timing.median * timing.spread / timing.median,
       share,
       processor_ms(timing)});
}

void Bench::note_memory() {
  if (device_->is_cpu()) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    report_.peak_memory_bytes = usage.ru_maxrss * 1024;
    return;
  }
  const DeviceInfo info = device_->info();
  device_memory_used_ = std::max(device_memory_used_, info.memory_total - info.memory_free);
  report_.peak_memory_bytes = static_cast<int64_t>(device_memory_used_);
}

void Bench::measure_text() {
  const auto encoder = networks_.text_encoder();
  const std::vector<int32_t> tokens = seeded_tokens(kTextTokens, encoder->vocab_size());
  const Timing timing = timed([&] { encoder->encode(tokens); });
  add_milliseconds("text_encoder", timing);
  song_seconds_ += timing.median;
}

void Bench::measure_planner() {
  if (!networks_.has_planner()) return;
  const auto lm = networks_.planner();
  const bool guided = options_.guidance_scale > 1.0;
  const auto codes = static_cast<int64_t>(std::ceil(options_.duration_seconds * kCodesPerSecond));
  const int64_t steps = std::min(kTimedTokens, codes);
  const int64_t sequences = guided ? 2 : 1;
  const auto session = lm->open({sequences, kPromptTokens + (options_.runs + 1) * steps + 1});
  const int64_t vocabulary = lm->vocab_size();
  const std::vector<int32_t> prompt = seeded_tokens(kPromptTokens, vocabulary);
  // As in the code phase: only the rows of audio codes.
  const int64_t rows = std::min(kNumAudioCodes, vocabulary / 2);
  session->set_output_rows(
      {static_cast<int32_t>(vocabulary - rows), static_cast<int32_t>(vocabulary), {}});
  std::vector<float> logits(static_cast<size_t>(sequences * rows));
  const std::span<float> first = std::span<float>(logits).first(static_cast<size_t>(rows));
  const Timing prefill = timed([&] {
    session->truncate(0, 0);
    session->prefill(0, prompt, first);
  });
  const double table = static_cast<double>(lm.store->weights().front().tensor.size());
  const double layers = static_cast<double>(lm.store->parameters()) - table;
  const auto prompt_tokens = static_cast<double>(kPromptTokens);
  add_rate("planner_prefill",
           prefill,
           prompt_tokens,
           product_share(2.0 * layers * prompt_tokens, prefill));
  if (guided) session->fork(0, 1, kPromptTokens);

  SelectionOptions selection;
  selection.temperature = 0.85f;
  selection.top_p = 0.9f;
  PhiloxStream stream(3, RandomPurpose::Planner);
  TokenSampler sampler(selection, [&stream] { return stream.uniform(); });
  std::vector<int32_t> tokens(static_cast<size_t>(sequences), prompt.back());
  const Timing step = timed(
      [&] {
        session->step(tokens, logits);
        if (guided) {
          apply_guidance(
              first, std::span<const float>(logits).last(static_cast<size_t>(rows)), 2.0f);
        }
        const int64_t drawn = sampler.sample(std::span<const float>(first));
        std::fill(tokens.begin(), tokens.end(), static_cast<int32_t>(vocabulary - rows + drawn));
      },
      steps);
  // Each token reads every weight once, of the table only the rows in use.
  const double used = layers + table * static_cast<double>(rows) / static_cast<double>(vocabulary);
  const double bytes =
      static_cast<double>(lm.store->bytes()) * used / static_cast<double>(lm.store->parameters());
  add_rate(guided ? "planner_guided" : "planner",
           step,
           /*tokens=*/1.0,
           bytes / step.median / 1e9 / ceilings_.read_gb_per_second);
  song_seconds_ +=
      prefill.median * static_cast<double>(sequences) + step.median * static_cast<double>(codes);
}

// The loop of write_lyrics() without its callbacks.
void Bench::measure_lyrics() {
  const auto lm = networks_.lyrics();
  const int64_t vocabulary = lm->vocab_size();
  const auto session = lm->open({1, kPromptTokens + (options_.runs + 1) * kTimedTokens + 1});
  const std::vector<int32_t> prompt = seeded_tokens(kPromptTokens, vocabulary);
  std::vector<float> logits(static_cast<size_t>(vocabulary));
  const Timing prefill = timed([&] {
    session->truncate(0, 0);
    session->prefill(0, prompt, logits);
  });
  add_rate("lyrics_prefill", prefill, static_cast<double>(kPromptTokens));

  const LyricsRequest knobs;
  RepetitionPenalty penalty(static_cast<float>(knobs.repetition_penalty));
  penalty.add(prompt);
  PhiloxStream stream(3, RandomPurpose::Lyrics);
  TokenSampler sampler({.temperature = static_cast<float>(knobs.temperature),
                        .top_k = knobs.top_k,
                        .top_p = static_cast<float>(knobs.top_p)},
                       [&stream] { return stream.uniform(); });
  std::vector<int32_t> token{prompt.back()};
  std::vector<float> kept = logits;
  const auto draw = [&] {
    penalty.apply(logits);
    token[0] = static_cast<int32_t>(sampler.sample(std::span<const float>(logits)));
    penalty.add(token);
  };
  const Timing sampling = timed(
      [&] {
        std::copy(kept.begin(), kept.end(), logits.begin());
        draw();
      },
      kTimedTokens);
  const Timing whole = timed(
      [&] {
        session->step(token, logits);
        draw();
      },
      kTimedTokens);
  // Each token reads every weight once; of an untied table only one row.
  const auto parameters = static_cast<double>(lm.store->parameters());
  const double table = networks_.lyrics_is_tied()
                           ? 0.0
                           : static_cast<double>(lm.store->weights().front().tensor.size());
  const double bytes = static_cast<double>(lm.store->bytes()) * (parameters - table) / parameters;
  add_rate("lyrics",
           whole,
           /*tokens=*/1.0,
           bytes / whole.median / 1e9 / ceilings_.read_gb_per_second);
  add_milliseconds("lyrics_token", whole);
  add_milliseconds("lyrics_sampling", sampling);
}

void Bench::measure_song_model() {
  const auto model = networks_.song_model();
  const AceStepConfig& config = model->config();
  const int64_t channels = config.audio_acoustic_hidden_dim;
  const auto frames = static_cast<int64_t>(options_.duration_seconds * 25.0);
  ConditionInputs inputs;
  inputs.text_states = FloatArray({1, kTextTokens, config.text_hidden_dim},
                                  seeded_noise(kTextTokens * config.text_hidden_dim));
  inputs.text_valid = IndexArray({1, kTextTokens}, std::vector<int32_t>(kTextTokens, 1));
  inputs.lyric_embeddings = FloatArray({1, kLyricTokens, config.text_hidden_dim},
                                       seeded_noise(kLyricTokens * config.text_hidden_dim));
  inputs.lyric_valid = IndexArray({1, kLyricTokens}, std::vector<int32_t>(kLyricTokens, 1));
  inputs.timbre_references = FloatArray({1, config.timbre_fix_frame, channels},
                                        seeded_noise(config.timbre_fix_frame * channels));
  inputs.timbre_items = {0};
  PackedConditions packed;
  const Timing encode = timed([&] { packed = model->conditions().encode(inputs); });
  add_milliseconds("condition_encoder", encode);
  const FloatArray context({1, frames, 2 * channels}, seeded_noise(2 * frames * channels));
  std::unique_ptr<ConditionedDenoiser> bound;
  const Timing bind = timed([&] {
    bound.reset();
    bound = model->denoiser().bind({packed.states, context});
  });
  add_milliseconds("dit_bind", bind);
  const std::vector<float> latents = seeded_noise(frames * channels);
  std::vector<float> conditional(latents.size());
  const bool guided = options_.guidance_scale > 1.0 && config.kind != ModelKind::Turbo;
  std::vector<float> unconditional(guided ? latents.size() : 0);
  const Timing step =
      timed([&] { bound->velocity(latents, 0.5f, conditional, unconditional); }, options_.steps);
  // The matrices of a layer; keys and values of the cross-attention are cached, and its other two
  // do not meet the unconditional half.
  const int64_t heads = config.hidden_size * config.num_attention_heads * config.head_dim;
  const int64_t kv_heads = config.hidden_size * config.num_key_value_heads * config.head_dim;
  const int64_t mlp = config.hidden_size * config.intermediate_size;
  const int64_t patches = (frames + 1) / 2;
  const int64_t rows = guided ? 2 * patches : patches;
  const int64_t products = rows * (2 * heads + 2 * kv_heads + 3 * mlp) + patches * 2 * heads;
  const auto operations = static_cast<double>(2 * config.num_hidden_layers * products);
  add_milliseconds(guided ? "dit_step_guided" : "dit_step", step, product_share(operations, step));
  song_seconds_ += encode.median + bind.median +
                   step.median * static_cast<double>(sampling_defaults(config.kind).steps);
}

void Bench::measure_codec() {
  const auto codec = networks_.codec();
  const auto frames = static_cast<int64_t>(options_.duration_seconds * 25.0);
  const int64_t channels = codec->latent_channels();
  TileOptions tiles;
  tiles.stop = job_.stop;
  if (wants("decode")) {
    const FloatArray latents({1, channels, frames}, seeded_noise(frames * channels));
    const Timing decode = timed([&] { codec->decode(latents, tiles); });
    const double operations = oobleck_decode_operations(networks_.codec_config(), frames);
    const double ceiling = ceilings_.fp32_gflops;  // the codec computes in fp32
    add_milliseconds("vae_decode", decode, operations / decode.median / 1e9 / ceiling);
    song_seconds_ += decode.median;
  }
  if (wants("encode")) {
    const int64_t samples = frames * codec->hop_samples();
    FloatArray audio({1, codec->audio_channels(), samples});
    audio.data = seeded_noise(codec->audio_channels() * samples);
    add_milliseconds("vae_encode", timed([&] { codec->encode(audio, tiles); }));
  }
}

BenchReport Bench::run() {
  const DeviceInfo info = device_->info();
  report_.device = device_kind_name(info.kind);
  report_.device_name = info.name;
  report_.threads = device_->threads();
  report_.implementation =
      device_->has_own_kernels() || device_->has_native_networks() ? "native" : "ggml";
  report_.config =
      options_.stage == "lyrics" ? "qwen2.5-" + options_.lyrics_config : networks_.name();
  report_.precision = precision_name(networks_.precision());
  ceilings_ = measure_ceilings(*device_);
  report_.fp32_gflops = ceilings_.fp32_gflops;
  report_.bf16_gflops = ceilings_.bf16_gflops;
  report_.read_gb_per_second = ceilings_.read_gb_per_second;
  if (wants("text")) measure_text();
  if (wants("planner")) measure_planner();
  if (options_.stage == "lyrics") measure_lyrics();
  if (wants("dit")) measure_song_model();
  if (wants("decode") || wants("encode")) measure_codec();
  if (options_.stage == "all") {
    add({.name = "whole_song", .unit = "s", .median = song_seconds_});
  }
  return report_;
}

}  // namespace

BenchReport run_bench(const BenchOptions& options, const JobContext& job) {
  if (is_post_stage(options.stage)) return run_post_bench(options, job);
  return Bench(options, job).run();
}

}  // namespace ams
