#include "studio/bench/bench_networks.h"

#include "studio/bench/network_sizes.h"
#include "studio/engine_precision.h"

namespace ams {
namespace {

constexpr uint64_t kSeed = 1;

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
  Loaded<QwenLm> loaded{std::make_unique<WeightStore>(), nullptr};
  loaded.network = std::make_unique<QwenLm>(
      loaded.store->root(), lyrics_sizes(lyrics_name_), *device_, /*exact_caches=*/false);
  loaded.store->load_random(kSeed, *device_, precision_);
  return loaded;
}

bool BenchNetworks::lyrics_is_tied() const {
  return lyrics_sizes(lyrics_name_).tie_word_embeddings;
}

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
