#include "studio/models/song_model.h"

#include <chrono>

#include "base/error.h"
#include "base/str.h"
#include "studio/models/memory_needs.h"
#include "studio/models/on_demand_networks.h"
#include "studio/models/vocabulary_check.h"
#include "studio/modes/prepare_conditions.h"

namespace ams {

struct SongModel::LoadedTextEncoder {
  LoadedTextEncoder(const std::filesystem::path& folder,
                    const Device& device,
                    const SongModelOptions& options)
      : encoder(store.root(), config(folder, options), device) {
    store.load(
        *without_qwen_prefix(open_model_weights(folder, options.precision, {options.quant_cache})),
        device,
        options.precision);
  }

  static QwenConfig config(const std::filesystem::path& folder, const SongModelOptions& options) {
    QwenConfig config = QwenConfig::load(folder);
    config.rounds_rotary_tables = options.rounds_rotary_tables;
    return config;
  }

  WeightStore store;
  QwenTextEncoder encoder;
};

struct SongModel::LoadedCodec {
  LoadedCodec(const std::filesystem::path& folder,
              const OobleckConfig& config,
              const Device& device,
              Precision precision)
      : codec(store.root(), config, device, precision) {
    store.load(*open_weights(folder), device, precision);
  }
  WeightStore store;
  Oobleck codec;
};

struct SongModel::LoadedPlanner {
  LoadedPlanner(const std::filesystem::path& folder,
                const Device& device,
                const SongModelOptions& options)
      : lm(store.root(), QwenConfig::load(folder), device, options.precision == Precision::F32) {
    store.load(
        *without_qwen_prefix(open_model_weights(folder, options.precision, {options.quant_cache})),
        device,
        options.precision);
  }
  WeightStore store;
  QwenLm lm;
};

SongModel::SongModel(SongModelFiles files, const Device& device, const SongModelOptions& options)
    : files_(std::move(files)),
      device_(&device),
      options_(options),
      config_(AceStepConfig::load(files_.dit)),
      codec_config_(OobleckConfig::load(files_.vae)),
      silence_(read_silence_latent(files_.dit)),
      on_demand_(std::make_unique<OnDemandNetworks>(*this)) {
  measures_.precision = options.precision;
  if (silence_.dim(1) != config_.audio_acoustic_hidden_dim) {
    throw Error(ErrorCode::CorruptFile,
                str("silence latent: ",
                    files_.dit.string(),
                    " has ",
                    silence_.dim(1),
                    " channels, the model ",
                    config_.audio_acoustic_hidden_dim));
  }
}

SongModel::~SongModel() = default;

template <typename Load>
void SongModel::timed(SongNetwork network, Load load) {
  make_room(network);
  if (observe_) observe_(song_network_name(network));
  const auto start = std::chrono::steady_clock::now();
  load();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  load_seconds_ += elapsed.count();
  configure();
  if (observe_) observe_({});
}

void SongModel::make_room(SongNetwork wanted) {
  for (size_t i = 0; i < kNumSongNetworks; ++i) {
    const auto other = static_cast<SongNetwork>(i);
    if (other == wanted) continue;
    const bool crosses = (other == SongNetwork::Planner) != (wanted == SongNetwork::Planner);
    if (measures_.keeps_one_network || (measures_.drops_planner && crosses)) drop(other);
  }
}

void SongModel::drop(SongNetwork network) {
  switch (network) {
    case SongNetwork::TextEncoder:
      text_encoder_.reset();
      return;
    case SongNetwork::SongModel:
      if (bound_denoisers_ == 0) acestep_.reset();
      return;
    case SongNetwork::Codec:
      codec_.reset();
      return;
    case SongNetwork::Planner:
      planner_.reset();
      return;
  }
}

void SongModel::configure() {
  if (codec_) codec_->codec.limit_memory(codec_memory(measures_));
  if (acestep_) acestep_->dit().split_guidance(measures_.splits_guidance);
}

void SongModel::use(const MemoryMeasures& measures) {
  measures_ = measures;
  configure();
}

const Tokenizer& SongModel::text_tokenizer() {
  if (!text_tokenizer_) {
    text_tokenizer_ = Tokenizer::load(files_.text_encoder);
    check_vocabulary(
        *text_tokenizer_, QwenConfig::load(files_.text_encoder).vocab_size, files_.text_encoder);
  }
  return *text_tokenizer_;
}

QwenTextEncoder& SongModel::text_encoder() {
  if (!text_encoder_) {
    text_tokenizer();
    timed(SongNetwork::TextEncoder, [&] {
      text_encoder_ = std::make_unique<LoadedTextEncoder>(files_.text_encoder, *device_, options_);
    });
  }
  return text_encoder_->encoder;
}

AceStepModel& SongModel::song_model() {
  if (!acestep_) {
    timed(SongNetwork::SongModel, [&] {
      AceStepConfig config = config_;
      config.rounds_rotary_tables = options_.rounds_rotary_tables;
      acestep_ = AceStepModel::load(
          config,
          open_model_weights(files_.dit, options_.precision, {options_.quant_cache}),
          *device_,
          options_.precision);
    });
    if (!loras_.empty()) acestep_->loras().apply(loras_);
  }
  return *acestep_;
}

Oobleck& SongModel::codec() {
  if (!codec_) {
    timed(SongNetwork::Codec, [&] {
      codec_ =
          std::make_unique<LoadedCodec>(files_.vae, codec_config_, *device_, options_.precision);
    });
  }
  return codec_->codec;
}

SongNetworks SongModel::networks(const LoadObserver& observe) {
  observe_ = observe;
  SongNetworks networks = on_demand_->networks();
  networks.text_tokenizer = &text_tokenizer();
  networks.silence = &silence_;
  return networks;
}

void SongModel::load(const LoadObserver& observe) {
  observe_ = observe;
  text_encoder();
  song_model();
  codec();
}

std::vector<LoraOutcome> SongModel::apply_loras(std::span<const LoraUse> uses,
                                                const LoadObserver& observe) {
  observe_ = observe;
  loras_.assign(uses.begin(), uses.end());
  if (uses.empty() && !acestep_) return {};
  return song_model().loras().apply(loras_);
}

SongModel::Planner SongModel::planner(const LoadObserver& observe) {
  if (!files_.planner) {
    throw Error(ErrorCode::NotFound,
                str("models: ", files_.name, " has no planner beside it (acestep-5Hz-lm-*)"));
  }
  observe_ = observe;
  if (!planner_grammar_) {
    std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(*files_.planner);
    check_vocabulary(*tokenizer, QwenConfig::load(*files_.planner).vocab_size, *files_.planner);
    planner_grammar_ = std::make_unique<PlannerGrammar>(std::move(tokenizer), config_.num_codes());
  }
  if (!planner_) {
    timed(SongNetwork::Planner,
          [&] { planner_ = std::make_unique<LoadedPlanner>(*files_.planner, *device_, options_); });
  }
  return {&planner_->lm, planner_grammar_.get()};
}

size_t SongModel::weight_bytes() const {
  size_t bytes = acestep_ ? acestep_->store().bytes() : 0;
  if (text_encoder_) bytes += text_encoder_->store.bytes();
  if (codec_) bytes += codec_->store.bytes();
  if (planner_) bytes += planner_->store.bytes();
  return bytes;
}

}  // namespace ams
