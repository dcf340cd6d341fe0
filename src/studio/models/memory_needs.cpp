#include "studio/models/memory_needs.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "nets/acestep_model.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "studio/weights/model_weights.h"

namespace ams {
namespace {

constexpr int64_t kAudioCopies = 3;    // decoded, finished, encoded for the file
constexpr int64_t kLatentCopies = 24;  // state, velocities, guidance, conditions
constexpr int64_t kSmallTiles = 4;     // times smaller

class NeedsRun {
 public:
  NeedsRun(const SongModelFiles& files,
           const Device& device,
           const SongSize& size,
           const MemoryMeasures& measures)
      : files_(files), device_(device.measuring()), size_(size), measures_(measures) {}

  MemoryNeeds run() {
    if (size_.codes > 0 || size_.planner_prompt > 0) measure_planner();
    measure_text();
    measure_song_model();
    measure_codec();
    needs_.scratch = device_->meter().scratch();
    return std::move(needs_);
  }
  std::array<size_t, kNumSongNetworks> run_weights() {
    weights_only_ = true;
    if (files_.planner) measure_planner();
    measure_text();
    measure_song_model();
    measure_codec();
    return needs_.weights;
  }

 private:
  template <typename Work>
  void stage(const char* name, SongNetwork network, int64_t host_floats, Work work) {
    if (weights_only_) return;
    MemoryMeter& meter = device_->meter();
    meter.restart_peak();
    const size_t before = meter.current();
    work();
    needs_.stages.push_back(
        {name, network, meter.peak() - before, static_cast<size_t>(host_floats) * sizeof(float)});
  }
  void set_weights(SongNetwork network, const WeightStore& store) {
    needs_.weights[static_cast<size_t>(network)] = store.bytes();
  }
  std::shared_ptr<const WeightFile> open(const std::filesystem::path& folder) const {
    return open_model_weights(folder, measures_.precision, {});
  }

  void measure_planner();
  void measure_text();
  void measure_song_model();
  void measure_codec();

  const SongModelFiles& files_;
  std::unique_ptr<Device> device_;
  const SongSize& size_;
  const MemoryMeasures& measures_;
  bool weights_only_ = false;
  MemoryNeeds needs_;
};

void NeedsRun::measure_planner() {
  WeightStore store;
  const QwenConfig config = QwenConfig::load(*files_.planner);
  QwenLm lm(store.root(), config, *device_, measures_.precision == Precision::F32);
  store.load(*without_qwen_prefix(open(*files_.planner)), *device_, measures_.precision);
  set_weights(SongNetwork::Planner, store);
  const int64_t capacity =
      std::min(size_.planner_prompt + size_.codes + 1, config.max_position_embeddings);
  const int64_t sequences = size_.is_planner_guided ? 2 : 1;
  stage("planning", SongNetwork::Planner, sequences * config.vocab_size, [&] {
    const auto session = lm.open({sequences, capacity});
    std::vector<float> logits(static_cast<size_t>(sequences * config.vocab_size));
    const auto one = std::span(logits).first(static_cast<size_t>(config.vocab_size));
    // As far as the prompt, then the end of the context, where a step sees most of the caches.
    const std::vector<int32_t> tokens(static_cast<size_t>(capacity - 1), 0);
    session->prefill(0, tokens, one);
    session->truncate(0, capacity - 2);
    session->prefill(0, std::span(tokens).first(1), one);
    session->step(std::vector<int32_t>(static_cast<size_t>(sequences), 0), logits);
  });
}

void NeedsRun::measure_text() {
  WeightStore store;
  const QwenConfig config = QwenConfig::load(files_.text_encoder);
  QwenTextEncoder encoder(store.root(), config, *device_);
  store.load(*without_qwen_prefix(open(files_.text_encoder)), *device_, measures_.precision);
  set_weights(SongNetwork::TextEncoder, store);
  const int64_t tokens = size_.text_tokens + size_.lyric_tokens;
  stage("reading the prompt", SongNetwork::TextEncoder, 2 * tokens * config.hidden_size, [&] {
    encoder.encode(std::vector<int32_t>(static_cast<size_t>(size_.text_tokens), 0));
    encoder.embed(std::vector<int32_t>(static_cast<size_t>(size_.lyric_tokens), 0));
  });
}

void NeedsRun::measure_song_model() {
  const AceStepConfig config = AceStepConfig::load(files_.dit);
  AceStepModel model(config, *device_);
  model.store().load(*open(files_.dit), *device_, measures_.precision);
  set_weights(SongNetwork::SongModel, model.store());
  model.dit().split_guidance(measures_.splits_guidance);
  const int64_t channels = config.audio_acoustic_hidden_dim;
  const int64_t lyrics = size_.lyric_tokens;
  const int64_t text = size_.text_tokens;
  DenoiserConditions conditions;
  conditions.context_latents = FloatArray({1, size_.frames, 2 * channels});
  const int64_t latents = size_.frames * channels;
  stage("conditions", SongNetwork::SongModel, kLatentCopies * latents, [&] {
    ConditionInputs inputs;
    inputs.text_states = FloatArray({1, text, config.text_hidden_dim});
    inputs.text_valid = IndexArray({1, text}, std::vector<int32_t>(static_cast<size_t>(text), 1));
    inputs.lyric_embeddings = FloatArray({1, lyrics, config.text_hidden_dim});
    inputs.lyric_valid =
        IndexArray({1, lyrics}, std::vector<int32_t>(static_cast<size_t>(lyrics), 1));
    inputs.timbre_references = FloatArray({1, config.timbre_fix_frame, channels});
    inputs.timbre_items = {0};
    conditions.encoder_states = model.conditions().encode(inputs).states;
    const int64_t window = config.pool_window_size;
    const int64_t codes = (size_.frames + window - 1) / window;
    if (size_.codes > 0 || size_.source_samples > 0) {
      model.code_tokenizer().decode(std::vector<int32_t>(static_cast<size_t>(codes), 0));
    }
    if (size_.source_samples > 0) {
      model.code_tokenizer().encode(FloatArray({codes * window, channels}));
    }
  });
  const int64_t states = conditions.encoder_states.size();
  stage("diffusion", SongNetwork::SongModel, kLatentCopies * latents + 2 * states, [&] {
    std::vector<std::unique_ptr<ConditionedDenoiser>> bound;
    for (int64_t i = 0; i < size_.conditions; ++i)
      bound.push_back(model.denoiser().bind(conditions));
    std::vector<float> velocity(static_cast<size_t>(latents));
    std::vector<float> unconditional(size_.is_guided ? velocity.size() : 0);
    for (const auto& each : bound) each->velocity(velocity, 0.5f, velocity, unconditional);
  });
}

void NeedsRun::measure_codec() {
  WeightStore store;
  const OobleckConfig config = OobleckConfig::load(files_.vae);
  Oobleck codec(store.root(), config, *device_, measures_.precision);
  store.load(*open_weights(files_.vae), *device_, measures_.precision);
  set_weights(SongNetwork::Codec, store);
  codec.limit_memory(codec_memory(measures_));
  const int64_t hop = config.hop_samples();
  // The inner windows are the largest, and all alike.
  constexpr int64_t kEnoughFrames = 2000;
  if (size_.source_samples > 0) {
    const int64_t samples = std::min(size_.source_samples, kEnoughFrames * hop);
    stage("encoding",
          SongNetwork::Codec,
          kAudioCopies * config.audio_channels * size_.source_samples,
          [&] {
            codec.encode(FloatArray({1, config.audio_channels, samples}), {});
          });
  }
  // The arrays of diffusion are free by then, but mostly stay with the process.
  const int64_t latents = kLatentCopies * size_.frames * config.decoder_input_channels;
  const int64_t audio = size_.frames * hop * config.audio_channels;
  stage("decoding", SongNetwork::Codec, latents + audio, [&] {
    const int64_t frames = std::min(size_.frames, kEnoughFrames);
    codec.decode(FloatArray({1, config.decoder_input_channels, frames}), {});
  });
  stage("finishing", SongNetwork::Codec, latents + kAudioCopies * audio, [] {});
}

}  // namespace

OobleckMemory codec_memory(const MemoryMeasures& measures) {
  OobleckMemory memory;
  if (measures.small_tiles) {
    memory.window_bytes /= kSmallTiles;
    memory.segment_bytes /= kSmallTiles;
    memory.column_bytes /= kSmallTiles;
  }
  return memory;
}

MemoryNeeds measure_needs(const SongModelFiles& files,
                          const Device& device,
                          const SongSize& size,
                          const MemoryMeasures& measures) {
  return NeedsRun(files, device, size, measures).run();
}

std::array<size_t, kNumSongNetworks> measure_weights(const SongModelFiles& files,
                                                     const Device& device,
                                                     Precision precision) {
  const SongSize size;
  MemoryMeasures measures;
  measures.precision = precision;
  return NeedsRun(files, device, size, measures).run_weights();
}

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  file >> total >> resident;
  return file ? resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

size_t free_ram_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  while (file >> name) {
    size_t kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes << 10;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace ams
