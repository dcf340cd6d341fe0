#include "studio/bench/bench_networks.h"

#include <string_view>

#include "base/error.h"
#include "base/str.h"
#include "studio/bench/network_sizes.h"
#include "studio/engine_precision.h"

namespace ams {
namespace {

constexpr uint64_t kSeed = 1;

struct QwenSizes {
  int64_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocabulary;
};

struct LyricsSizes {
  std::string_view name;
  QwenSizes sizes;
  bool is_tied;
};

// Qwen2.5 Instruct (arXiv:2412.15115, table 1).
constexpr LyricsSizes kLyricsSizes[] = {
    {"0.5b", {896, 4864, 24, 14, 2, 64, 151936}, true},
    {"1.5b", {1536, 8960, 28, 12, 2, 128, 151936}, true},
    {"3b", {2048, 11008, 36, 16, 2, 128, 151936}, true},
    {"7b", {3584, 18944, 28, 28, 4, 128, 152064}, false},
    {"tiny", {128, 256, 2, 4, 2, 32, 2048}, true},
};

const LyricsSizes& lyrics_sizes_of(const std::string& name) {
  for (const LyricsSizes& row : kLyricsSizes) {
    if (row.name == name) return row;
  }
  throw Error(ErrorCode::InvalidRequest, str("bench: nobody knows the lyrics model '", name, "'"));
}

QwenConfig qwen_config(const QwenSizes& sizes) {
  QwenConfig config;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_hidden_layers = sizes.layers;
  config.num_attention_heads = sizes.heads;
  config.num_key_value_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.vocab_size = sizes.vocabulary;
  return config;
}

}  // namespace

BenchNetworks::BenchNetworks(const BenchOptions& options, const Device& device)
    : device_(&device),
      precision_(precision_of(options.engine.quant)),
      lyrics_name_(options.lyrics_config),
      name_(options.config) {
  if (options.model.empty()) return;
  files_ = find_song_model(options.model, /*planner=*/"", options.engine.model_folders);
  name_ = files_->name;
}

AceStepConfig BenchNetworks::song_config() const {
  return files_ ? AceStepConfig::load(files_->dit) : network_sizes(name_).song;
}

QwenConfig BenchNetworks::text_config() const {
  return files_ ? QwenConfig::load(files_->text_encoder) : network_sizes(name_).text;
}

QwenConfig BenchNetworks::planner_config() const {
  return files_ ? QwenConfig::load(*files_->planner) : network_sizes(name_).planner;
}

OobleckConfig BenchNetworks::codec_config() const {
  return files_ ? OobleckConfig::load(files_->vae) : network_sizes(name_).codec;
}

std::unique_ptr<AceStepModel> BenchNetworks::song_model() const {
  if (files_) return AceStepModel::load(files_->dit, *device_, precision_);
  auto model = std::make_unique<AceStepModel>(song_config(), *device_);
  model->store().load_random(kSeed, *device_, precision_);
  return model;
}

BenchNetworks::Loaded<QwenTextEncoder> BenchNetworks::text_encoder() const {
  Loaded<QwenTextEncoder> loaded{std::make_unique<WeightStore>(), nullptr};
  loaded.network = std::make_unique<QwenTextEncoder>(loaded.store->root(), text_config(), *device_);
  if (files_) {
    loaded.store->load(*open_qwen_weights(files_->text_encoder), *device_, precision_);
  } else {
    loaded.store->load_random(kSeed, *device_, precision_);
  }
  return loaded;
}

BenchNetworks::Loaded<QwenLm> BenchNetworks::planner() const {
  Loaded<QwenLm> loaded{std::make_unique<WeightStore>(), nullptr};
  loaded.network = std::make_unique<QwenLm>(
      loaded.store->root(), planner_config(), *device_, precision_ == Precision::F32);
  if (files_) {
    loaded.store->load(*open_qwen_weights(*files_->planner), *device_, precision_);
  } else {
    loaded.store->load_random(kSeed, *device_, precision_);
  }
  return loaded;
}

BenchNetworks::Loaded<QwenLm> BenchNetworks::lyrics() const {
  const LyricsSizes& row = lyrics_sizes_of(lyrics_name_);
  QwenConfig config = qwen_config(row.sizes);
  config.tie_word_embeddings = row.is_tied;
  config.projection = ProjectionKind::Bias;
  Loaded<QwenLm> loaded{std::make_unique<WeightStore>(), nullptr};
  loaded.network =
      std::make_unique<QwenLm>(loaded.store->root(), config, *device_, /*exact_caches=*/false);
  loaded.store->load_random(kSeed, *device_, precision_);
  return loaded;
}

bool BenchNetworks::lyrics_is_tied() const { return lyrics_sizes_of(lyrics_name_).is_tied; }

BenchNetworks::Loaded<Oobleck> BenchNetworks::codec() const {
  Loaded<Oobleck> loaded{std::make_unique<WeightStore>(), nullptr};
  loaded.network =
      std::make_unique<Oobleck>(loaded.store->root(), codec_config(), *device_, precision_);
  if (files_) {
    loaded.store->load(*open_weights(files_->vae), *device_, precision_);
  } else {
    loaded.store->load_random(kSeed, *device_, precision_);
  }
  return loaded;
}

}  // namespace ams
