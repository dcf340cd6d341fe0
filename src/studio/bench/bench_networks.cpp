#include "studio/bench/bench_networks.h"

#include "base/error.h"
#include "base/str.h"
#include "studio/engine_precision.h"

namespace ams {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kCodeVocabulary = 217204;  // of the published planners
constexpr int64_t kTextVocabulary = 151669;

struct QwenSizes {
  int64_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocabulary;
};

// One published or built-in configuration by name.
struct BenchSizes {
  std::string_view name;
  int64_t hidden, intermediate, layers, heads;  // of the diffusion transformer
  int64_t encoder_hidden, encoder_intermediate, encoder_heads;
  int64_t kv_heads, head_dim;
  bool has_timbre_token;
  ModelKind kind;
  QwenSizes text, planner;
  int64_t codec_width;  // channels next to the audio
};

constexpr QwenSizes kText{1024, 3072, 28, 16, 8, 128, kTextVocabulary};
constexpr QwenSizes kPlannerSmall{1024, 3072, 28, 16, 8, 128, kCodeVocabulary};
constexpr QwenSizes kPlanner{2048, 6144, 28, 16, 8, 128, kCodeVocabulary};
constexpr QwenSizes kDemoText{256, 768, 4, 4, 2, 64, 4096};
constexpr QwenSizes kDemoPlanner{256, 768, 4, 4, 2, 64, 68096};

constexpr BenchSizes kSizes[] = {
    {"xl-sft",
     2560,
     9728,
     32,
     32,
     2048,
     6144,
     16,
     8,
     128,
     true,
     ModelKind::Sft,
     kText,
     kPlanner,
     128},
    {"sft",
     2048,
     6144,
     24,
     16,
     2048,
     6144,
     16,
     8,
     128,
     false,
     ModelKind::Sft,
     kText,
     kPlannerSmall,
     128},
    {"turbo",
     2048,
     6144,
     24,
     16,
     2048,
     6144,
     16,
     8,
     128,
     false,
     ModelKind::Turbo,
     kText,
     kPlannerSmall,
     128},
    {"demo", 256, 768, 8, 4, 256, 768, 4, 2, 64, true, ModelKind::Sft, kDemoText, kDemoPlanner, 32},
    {"tiny",
     128,
     256,
     4,
     4,
     128,
     256,
     4,
     2,
     32,
     true,
     ModelKind::Sft,
     {128, 256, 2, 4, 2, 32, 2048},
     {128, 256, 2, 4, 2, 32, 66048},
     16},
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

const BenchSizes& sizes_of(const std::string& name) {
  for (const BenchSizes& sizes : kSizes) {
    if (sizes.name == name) return sizes;
  }
  throw Error(ErrorCode::InvalidRequest, str("bench: nobody knows the configuration '", name, "'"));
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
  if (files_) return AceStepConfig::load(files_->dit);
  const BenchSizes& sizes = sizes_of(name_);
  AceStepConfig config;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_hidden_layers = sizes.layers;
  config.num_attention_heads = sizes.heads;
  config.num_key_value_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.encoder_hidden_size = sizes.encoder_hidden;
  config.encoder_intermediate_size = sizes.encoder_intermediate;
  config.encoder_num_attention_heads = sizes.encoder_heads;
  config.encoder_num_key_value_heads = sizes.kv_heads;
  config.fsq_dim = sizes.encoder_hidden;
  config.text_hidden_dim = sizes.text.hidden;
  config.has_timbre_token = sizes.has_timbre_token;
  config.kind = sizes.kind;
  return config;
}

QwenConfig BenchNetworks::text_config() const {
  return files_ ? QwenConfig::load(files_->text_encoder) : qwen_config(sizes_of(name_).text);
}

QwenConfig BenchNetworks::planner_config() const {
  return files_ ? QwenConfig::load(*files_->planner) : qwen_config(sizes_of(name_).planner);
}

OobleckConfig BenchNetworks::codec_config() const {
  if (files_) return OobleckConfig::load(files_->vae);
  OobleckConfig config;
  config.decoder_channels = sizes_of(name_).codec_width;
  config.encoder_hidden_size = 128;  // mean and scale of 64 latent channels
  return config;
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
