#include "studio/models/song_model.h"

#include <chrono>

#include "base/error.h"
#include "base/str.h"
#include "studio/models/vocabulary_check.h"
#include "studio/modes/prepare_conditions.h"

namespace ams {

struct SongModel::LoadedTextEncoder {
  LoadedTextEncoder(const std::filesystem::path& folder,
                    const Device& device,
                    const SongModelOptions& options)
      : encoder(store.root(), config(folder, options), device), tokenizer(Tokenizer::load(folder)) {
    check_vocabulary(*tokenizer, encoder.vocab_size(), folder);
    store.load(*open_qwen_weights(folder), device, options.precision);
  }

  static QwenConfig config(const std::filesystem::path& folder, const SongModelOptions& options) {
    QwenConfig config = QwenConfig::load(folder);
    config.rounds_rotary_tables = options.rounds_rotary_tables;
    return config;
  }

  WeightStore store;
  QwenTextEncoder encoder;
  std::shared_ptr<const Tokenizer> tokenizer;  // shared with nobody; that is how it is handed out
};

struct SongModel::LoadedCodec {
  LoadedCodec(const std::filesystem::path& folder, const Device& device, Precision precision)
      : codec(store.root(), OobleckConfig::load(folder), device, precision) {
    store.load(*open_weights(folder), device, precision);
  }
  WeightStore store;
  Oobleck codec;
};

struct SongModel::LoadedPlanner {
  LoadedPlanner(const std::filesystem::path& folder,
                const Device& device,
                Precision precision,
                int64_t num_codes)
      : lm(store.root(), QwenConfig::load(folder), device, precision == Precision::F32),
        grammar(checked_tokenizer(folder, lm.vocab_size()), num_codes) {
    store.load(*open_qwen_weights(folder), device, precision);
  }

  static std::shared_ptr<const Tokenizer> checked_tokenizer(const std::filesystem::path& folder,
                                                            int64_t embeddings) {
    std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(folder);
    check_vocabulary(*tokenizer, embeddings, folder);
    return tokenizer;
  }

  WeightStore store;
  QwenLm lm;
  PlannerGrammar grammar;
};

SongModel::SongModel(SongModelFiles files, const Device& device, const SongModelOptions& options)
    : files_(std::move(files)),
      device_(&device),
      options_(options),
      config_(AceStepConfig::load(files_.dit)),
      silence_(read_silence_latent(files_.dit)) {
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
void SongModel::timed(std::string_view network, const LoadObserver& observe, Load load) {
  if (observe) observe(network);
  const auto start = std::chrono::steady_clock::now();
  load();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  load_seconds_ += elapsed.count();
}

SongNetworks SongModel::networks(const LoadObserver& observe) {
  if (!text_encoder_) {
    timed("text encoder", observe, [&] {
      text_encoder_ = std::make_unique<LoadedTextEncoder>(files_.text_encoder, *device_, options_);
    });
  }
  if (!acestep_) {
    timed("song model", observe, [&] {
      acestep_ = AceStepModel::load(
          files_.dit, *device_, options_.precision, options_.rounds_rotary_tables);
    });
  }
  if (!codec_) {
    timed("audio decoder", observe, [&] {
      codec_ = std::make_unique<LoadedCodec>(files_.vae, *device_, options_.precision);
    });
  }
  SongNetworks networks;
  networks.text_encoder = &text_encoder_->encoder;
  networks.text_tokenizer = text_encoder_->tokenizer.get();
  networks.condition_encoder = &acestep_->conditions();
  networks.code_tokenizer = &acestep_->code_tokenizer();
  networks.denoiser = &acestep_->dit();
  networks.codec = &codec_->codec;
  networks.silence = &silence_;
  return networks;
}

std::vector<LoraOutcome> SongModel::apply_loras(std::span<const LoraUse> uses,
                                                const LoadObserver& observe) {
  if (uses.empty() && !acestep_) return {};
  networks(observe);
  return acestep_->loras().apply(uses);
}

SongModel::Planner SongModel::planner(const LoadObserver& observe) {
  if (!files_.planner) {
    throw Error(ErrorCode::NotFound,
                str("models: ", files_.name, " has no planner beside it (acestep-5Hz-lm-*)"));
  }
  if (!planner_) {
    timed("planner", observe, [&] {
      planner_ = std::make_unique<LoadedPlanner>(
          *files_.planner, *device_, options_.precision, config_.num_codes());
    });
  }
  return {&planner_->lm, &planner_->grammar};
}

size_t SongModel::weight_bytes() const {
  size_t bytes = acestep_ ? acestep_->store().bytes() : 0;
  if (text_encoder_) bytes += text_encoder_->store.bytes();
  if (codec_) bytes += codec_->store.bytes();
  if (planner_) bytes += planner_->store.bytes();
  return bytes;
}

}  // namespace ams
