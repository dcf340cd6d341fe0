#include "studio/models/on_demand_networks.h"

#include <utility>

#include "studio/models/song_model.h"

namespace ams {
namespace {

// Keeps the song model in memory while it is bound.
class CountedDenoiser : public ConditionedDenoiser {
 public:
  CountedDenoiser(std::unique_ptr<ConditionedDenoiser> bound, int64_t& count)
      : bound_(std::move(bound)), count_(count) {
    ++count_;
  }
  ~CountedDenoiser() override { --count_; }
  CountedDenoiser(const CountedDenoiser&) = delete;
  CountedDenoiser& operator=(const CountedDenoiser&) = delete;

  void velocity(std::span<const float> latents,
                float t,
                std::span<float> conditional,
                std::span<float> unconditional,
                float t_minus_r) override {
    bound_->velocity(latents, t, conditional, unconditional, t_minus_r);
  }

 private:
  std::unique_ptr<ConditionedDenoiser> bound_;
  int64_t& count_;
};

}  // namespace

class OnDemandNetworks::Text : public TextEncoder {
 public:
  explicit Text(SongModel& model) : model_(model) {}
  int64_t hidden_size() const override { return model_.config().text_hidden_dim; }
  int64_t vocab_size() const override { return model_.text_encoder().vocab_size(); }
  FloatArray encode(std::span<const int32_t> tokens) override {
    return model_.text_encoder().encode(tokens);
  }
  FloatArray embed(std::span<const int32_t> tokens) override {
    return model_.text_encoder().embed(tokens);
  }

 private:
  SongModel& model_;
};

class OnDemandNetworks::Conditions : public ConditionEncoder {
 public:
  explicit Conditions(SongModel& model) : model_(model) {}
  int64_t timbre_frames() const override { return model_.config().timbre_fix_frame; }
  PackedConditions encode(const ConditionInputs& inputs) override {
    return model_.song_model().conditions().encode(inputs);
  }

 private:
  SongModel& model_;
};

class OnDemandNetworks::Codes : public CodeTokenizer {
 public:
  explicit Codes(SongModel& model) : model_(model) {}
  int64_t frames_per_code() const override { return model_.config().pool_window_size; }
  int64_t num_codes() const override { return model_.config().num_codes(); }
  std::vector<int32_t> encode(const FloatArray& latents) override {
    return model_.song_model().code_tokenizer().encode(latents);
  }
  FloatArray decode(std::span<const int32_t> codes) override {
    return model_.song_model().code_tokenizer().decode(codes);
  }

 private:
  SongModel& model_;
};

class OnDemandNetworks::Diffusion : public Denoiser {
 public:
  explicit Diffusion(SongModel& model) : model_(model) {}
  int64_t latent_channels() const override { return model_.config().audio_acoustic_hidden_dim; }
  int64_t encoder_hidden_size() const override { return model_.config().encoder_hidden_size; }
  std::unique_ptr<ConditionedDenoiser> bind(const DenoiserConditions& conditions) override {
    return std::make_unique<CountedDenoiser>(model_.song_model().denoiser().bind(conditions),
                                             model_.bound_denoisers_);
  }

 private:
  SongModel& model_;
};

class OnDemandNetworks::Codec : public LatentCodec {
 public:
  explicit Codec(SongModel& model) : model_(model) {}
  int64_t latent_channels() const override { return config().decoder_input_channels; }
  int64_t hop_samples() const override { return config().hop_samples(); }
  int64_t sample_rate() const override { return config().sampling_rate; }
  int64_t audio_channels() const override { return config().audio_channels; }
  FloatArray decode(const FloatArray& latents, const TileOptions& options) override {
    return model_.codec().decode(latents, options);
  }
  LatentPosterior encode(const FloatArray& audio, const TileOptions& options) override {
    return model_.codec().encode(audio, options);
  }

 private:
  const OobleckConfig& config() const { return model_.codec_config_; }
  SongModel& model_;
};

OnDemandNetworks::OnDemandNetworks(SongModel& model)
    : text_(std::make_unique<Text>(model)),
      conditions_(std::make_unique<Conditions>(model)),
      codes_(std::make_unique<Codes>(model)),
      diffusion_(std::make_unique<Diffusion>(model)),
      codec_(std::make_unique<Codec>(model)) {}

OnDemandNetworks::~OnDemandNetworks() = default;

SongNetworks OnDemandNetworks::networks() const {
  SongNetworks networks;
  networks.text_encoder = text_.get();
  networks.condition_encoder = conditions_.get();
  networks.code_tokenizer = codes_.get();
  networks.denoiser = diffusion_.get();
  networks.codec = codec_.get();
  return networks;
}

}  // namespace ams
