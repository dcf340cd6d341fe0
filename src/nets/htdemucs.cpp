#include "nets/htdemucs.h"

#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

ConvLayer pointwise(const WeightScope& w,
                    const std::string& name,
                    int64_t in,
                    int64_t out,
                    const DemucsContext& context) {
  ConvLayerOptions options;
  options.weight = name + ".weight";
  options.bias = name + ".bias";
  options.stored_shape = {out, in, 1};
  options.in_channels = in;
  options.out_channels = out;
  return ConvLayer(w, options, context.device);
}

// The embedding of frequency rows with both of its factors, as the encoder adds it.
const Weight* scaled_embedding(const WeightScope& w, const HtdemucsConfig& config) {
  const int64_t rows = config.layer_bins(1);
  const int64_t channels = config.layer_channels(0);
  const float factor = config.freq_emb * config.emb_scale;
  return w.derived({{"freq_emb.embedding.weight", {rows, channels}}},
                   {rows, 1, channels},
                   WeightRole::Exact,
                   [factor](std::span<const std::vector<float>> parts) {
                     std::vector<float> values = parts[0];
                     for (float& value : values) value *= factor;
                     return values;
                   });
}

// [F, T, C] -> [C, F, T], and [1, N, C] -> [1, C, N]: as the reference has it.
void tap_image(GraphBuilder& g, const std::string& name, Tensor x) {
  g.tap(name, g.permute(x, {2, 0, 1}));
}

void tap_waveform(GraphBuilder& g, const std::string& name, Tensor x) {
  g.tap(name, g.permute(x, {0, 2, 1}));
}

}  // namespace

Htdemucs::Htdemucs(const HtdemucsConfig& config, const Device& device)
    : config_(config),
      device_(&device),
      context_{config_, device},
      spectrum_(config.nfft),
      freq_emb_(scaled_embedding(store_.root(), config)),
      crosstransformer_(store_.root().sub("crosstransformer"), context_) {
  const WeightScope w = store_.root();
  for (int64_t i = 0; i < config.depth; ++i) {
    encoder_.emplace_back(w.sub("encoder", i), i, DemucsBranch::Frequency, context_);
    tencoder_.emplace_back(w.sub("tencoder", i), i, DemucsBranch::Time, context_);
    decoder_.emplace_back(w.sub("decoder", i), i, DemucsBranch::Frequency, context_);
    tdecoder_.emplace_back(w.sub("tdecoder", i), i, DemucsBranch::Time, context_);
  }
  if (config.bottom_channels == 0) return;
  const int64_t inner = config.layer_channels(config.depth - 1);
  const int64_t width = config.bottom_channels;
  upsamplers_.push_back(pointwise(w, "channel_upsampler", inner, width, context_));
  upsamplers_.push_back(pointwise(w, "channel_upsampler_t", inner, width, context_));
  downsamplers_.push_back(pointwise(w, "channel_downsampler", width, inner, context_));
  downsamplers_.push_back(pointwise(w, "channel_downsampler_t", width, inner, context_));
}

void Htdemucs::observe(TapObserver observer) {
  observer_ = std::move(observer);
  graph_.reset();
}

DemucsTokens Htdemucs::build_transformer(GraphBuilder& g, DemucsTokens x) const {
  const int64_t rows = x.frequency.dim(0);
  const int64_t frames = x.frequency.dim(1);
  if (!upsamplers_.empty()) {
    x.frequency = upsamplers_[0].build(g, x.frequency);
    x.time = upsamplers_[1].build(g, x.time);
  }
  tap_image(g, "transformer_in", x.frequency);
  tap_waveform(g, "transformer_in_t", x.time);
  const int64_t channels = config_.transformer_channels();
  x.frequency = g.reshape(x.frequency, {1, rows * frames, channels});
  x = crosstransformer_.build(g, x, positions_, rows);
  x.frequency = g.reshape(x.frequency, {rows, frames, channels});
  tap_image(g, "transformer_out", x.frequency);
  tap_waveform(g, "transformer_out_t", x.time);
  if (!downsamplers_.empty()) {
    x.frequency = downsamplers_[0].build(g, x.frequency);
    x.time = downsamplers_[1].build(g, x.time);
  }
  return x;
}

void Htdemucs::build(GraphBuilder& g) {
  const int64_t frames = config_.frames();
  const int64_t channels = config_.transformer_channels();
  in_.frequency = g.input("spectrum", {config_.bins(), frames, 2 * config_.audio_channels});
  in_.time = g.input("waveform", {1, config_.segment_samples, config_.audio_channels});
  positions_.frequency =
      g.input("positions", {1, config_.layer_bins(config_.depth) * frames, channels});
  positions_.time = g.input("positions_t", {1, config_.layer_samples(config_.depth), channels});
  DemucsTokens x = in_;
  std::vector<DemucsTokens> skips;
  for (size_t i = 0; i < encoder_.size(); ++i) {
    x.time = tencoder_[i].build(g, x.time);
    x.frequency = encoder_[i].build(g, x.frequency);
    tap_waveform(g, str("tencoder_", i), x.time);
    tap_image(g, str("encoder_", i), x.frequency);
    if (i == 0) x.frequency = g.add(x.frequency, freq_emb_->tensor);
    skips.push_back(x);
  }
  x = build_transformer(g, x);
  for (size_t i = 0; i < decoder_.size(); ++i) {
    const DemucsTokens& skip = skips[decoder_.size() - 1 - i];
    const int64_t layer = config_.depth - 1 - static_cast<int64_t>(i);
    x.frequency = decoder_[i].build(g, x.frequency, skip.frequency, config_.layer_bins(layer));
    x.time = tdecoder_[i].build(g, x.time, skip.time, config_.layer_samples(layer));
    tap_image(g, str("decoder_", i), x.frequency);
    tap_waveform(g, str("tdecoder_", i), x.time);
  }
  out_.frequency = g.output("spectra", x.frequency);
  out_.time = g.output("waveforms", x.time);
}

void Htdemucs::build_graph() {
  GraphOptions options;
  options.keep_taps = static_cast<bool>(observer_);
  graph_ = std::make_unique<Graph>(
      *device_, [this](GraphBuilder& g) { build(g); }, options);
  const int64_t channels = config_.transformer_channels();
  const double period = config_.t_max_period;
  std::vector<float> frequency =
      spectrogram_positions(config_.layer_bins(config_.depth), config_.frames(), channels, period);
  std::vector<float> time =
      waveform_positions(config_.layer_samples(config_.depth), channels, period);
  for (float& value : frequency) value *= config_.t_weight_pos_embed;
  for (float& value : time) value *= config_.t_weight_pos_embed;
  graph_->set(positions_.frequency, frequency);
  graph_->set(positions_.time, time);
}

// (x - mean) / (1e-5 + deviation), with the unbiased deviation; silence stays silence.
Htdemucs::Statistics Htdemucs::normalize(std::vector<float>& values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / count;
  double squares = 0.0;
  for (const float value : values) {
    const double difference = static_cast<double>(value) - mean;
    squares += difference * difference;
  }
  const Statistics statistics{static_cast<float>(mean),
                              static_cast<float>(std::sqrt(squares / (count - 1.0)))};
  const float factor = 1.0f / (1e-5f + statistics.deviation);
  for (float& value : values) value = (value - statistics.mean) * factor;
  return statistics;
}

void Htdemucs::report_spectrum(const std::vector<float>& spectrum) const {
  if (!observer_) return;
  const int64_t pixels = config_.bins() * config_.frames();
  FloatArray cac({4, config_.bins(), config_.frames()});
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (int64_t c = 0; c < 4; ++c) {
      cac.data[static_cast<size_t>(c * pixels + pixel)] =
          spectrum[static_cast<size_t>(pixel * 4 + c)];
    }
  }
  observer_("cac", cac);
}

FloatArray Htdemucs::separate_segment(const FloatArray& mix) {
  const int64_t samples = config_.segment_samples;
  const int64_t given = mix.shape.size() == 2 ? mix.dim(1) : 0;
  if (given < 1 || given > samples || mix.dim(0) != 2) {
    throw Error(
        ErrorCode::InvalidRequest,
        str("htdemucs: segment ", shape_str(mix.shape), ", expected [2, 1 to ", samples, "]"));
  }
  if (!graph_) build_graph();
  std::vector<float> stereo(static_cast<size_t>(2 * samples), 0.0f);
  for (int64_t c = 0; c < 2; ++c) {
    std::copy(mix.row(c).begin(), mix.row(c).end(), stereo.begin() + c * samples);
  }
  std::vector<float> spectrum(static_cast<size_t>(config_.bins() * config_.frames() * 4));
  spectrum_.forward(stereo, spectrum);
  report_spectrum(spectrum);
  const Statistics of_spectrum = normalize(spectrum);
  const Statistics of_waveform = normalize(stereo);
  std::vector<float> waveform(stereo.size());  // [N, 2]
  for (size_t i = 0; i < static_cast<size_t>(samples); ++i) {
    waveform[2 * i] = stereo[i];
    waveform[2 * i + 1] = stereo[static_cast<size_t>(samples) + i];
  }
  graph_->set(in_.frequency, spectrum);
  graph_->set(in_.time, waveform);
  graph_->run();
  report_taps(*graph_, observer_);

  const int64_t channels = 2 * config_.stems();
  FloatArray stems({config_.stems(), 2, samples});
  const FloatArray waveforms = graph_->get(out_.time);
  for (int64_t n = 0; n < samples; ++n) {
    for (int64_t c = 0; c < channels; ++c) {
      stems.data[static_cast<size_t>(c * samples + n)] =
          waveforms.data[static_cast<size_t>(n * channels + c)] * of_waveform.deviation +
          of_waveform.mean;
    }
  }
  FloatArray spectra = graph_->get(out_.frequency);
  for (float& value : spectra.data) value = value * of_spectrum.deviation + of_spectrum.mean;
  spectrum_.add_inverse(spectra.data, config_.stems(), stems.data);
  if (given == samples) return stems;
  FloatArray cut({config_.stems(), 2, given});
  for (int64_t c = 0; c < channels; ++c) {
    std::copy_n(stems.data.begin() + c * samples, given, cut.data.begin() + c * given);
  }
  return cut;
}

}  // namespace ams
