#include "nets/fsq_code_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

std::vector<int32_t> counting(int64_t count) {
  std::vector<int32_t> positions(static_cast<size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

}  // namespace

int32_t FiniteScalarQuantizer::quantize(std::span<const float> z) const {
  int64_t code = 0;
  int64_t basis = 1;
  for (size_t d = 0; d < levels_.size(); ++d) {
    const auto steps = static_cast<float>(levels_[d] - 1);
    // A soft clamp that reaches past the outermost levels, then a hard one
    // (vector_quantize_pytorch).
    const float reach = 1.0f + 1.0f / steps;
    const float bounded = std::clamp(reach * std::tanh(z[d] / reach), -1.0f, 1.0f);
    const auto level = static_cast<int64_t>(std::floor(steps * (bounded + 1.0f) / 2.0f + 0.5f));
    code += level * basis;
    basis *= levels_[d];
  }
  return static_cast<int32_t>(code);
}

void FiniteScalarQuantizer::dequantize(int32_t code, std::span<float> values) const {
  int64_t rest = code;
  for (size_t d = 0; d < levels_.size(); ++d) {
    const auto level = static_cast<float>(rest % levels_[d]);
    values[d] = 2.0f * level / static_cast<float>(levels_[d] - 1) - 1.0f;
    rest /= levels_[d];
  }
}

FsqCodeTokenizer::FsqCodeTokenizer(const WeightScope& root,
                                   const AceStepConfig& config,
                                   const Device& device)
    : config_(config),
      device_(&device),
      quantizer_(config.fsq_input_levels),
      pooler_(root.sub("tokenizer.attention_pooler"),
              config.encoder_layer(),
              config.windows(config.num_attention_pooler_hidden_layers)),
      detokenizer_(root.sub("detokenizer"),
                   config.encoder_layer(),
                   config.windows(config.num_attention_pooler_hidden_layers)) {
  const int64_t width = config.encoder_hidden_size;
  const int64_t channels = config.audio_acoustic_hidden_dim;
  const int64_t levels = quantizer_.dimensions();
  const WeightScope tokenizer = root.sub("tokenizer");
  audio_acoustic_proj_ = tokenizer.exact("audio_acoustic_proj.weight", {width, channels});
  audio_acoustic_proj_bias_ = tokenizer.exact("audio_acoustic_proj.bias", {width});
  const WeightScope pooler = tokenizer.sub("attention_pooler");
  pooler_embed_tokens_ = pooler.plain_matrix("embed_tokens.weight", width, width);
  pooler_embed_tokens_bias_ = pooler.exact("embed_tokens.bias", {width});
  pooler_special_token_ = pooler.exact("special_token", {1, 1, width});
  const WeightScope quantizer = tokenizer.sub("quantizer");
  project_in_ = quantizer.exact("project_in.weight", {levels, width});
  project_in_bias_ = quantizer.exact("project_in.bias", {levels});
  project_out_ = quantizer.exact("project_out.weight", {width, levels});
  project_out_bias_ = quantizer.exact("project_out.bias", {width});
  const WeightScope detokenizer = root.sub("detokenizer");
  detokenizer_embed_tokens_ = detokenizer.plain_matrix("embed_tokens.weight", width, width);
  detokenizer_embed_tokens_bias_ = detokenizer.exact("embed_tokens.bias", {width});
  detokenizer_special_tokens_ =
      detokenizer.exact("special_tokens", {1, config.pool_window_size, width});
  detokenizer_proj_out_ = detokenizer.exact("proj_out.weight", {channels, width});
  detokenizer_proj_out_bias_ = detokenizer.exact("proj_out.bias", {channels});
}

Tensor FsqCodeTokenizer::build_encoder(GraphBuilder& g, Tensor latents, Tensor positions) const {
  const int64_t count = latents.dim(0);
  const int64_t width = config_.encoder_hidden_size;
  Tensor x = g.linear(latents, audio_acoustic_proj_, audio_acoustic_proj_bias_);
  x = g.linear(x, pooler_embed_tokens_, pooler_embed_tokens_bias_);
  x = g.concat(g.repeat(pooler_special_token_->tensor, {count, 1, width}), x, 1);
  x = pooler_.build(g, x, positions, {});
  const Tensor pooled = g.reshape(g.slice(x, 1, 0, 1), {count, width});
  g.tap("pooled", pooled);
  const Tensor projected = g.linear(pooled, project_in_, project_in_bias_);
  g.tap("fsq_input", projected);
  return projected;
}

Tensor FsqCodeTokenizer::build_decoder(GraphBuilder& g, Tensor values, Tensor positions) const {
  const int64_t count = values.dim(0);
  const int64_t width = config_.encoder_hidden_size;
  const int64_t window = config_.pool_window_size;
  const Tensor quantized = g.linear(values, project_out_, project_out_bias_);
  g.tap("quantized", quantized);
  Tensor x = g.linear(quantized, detokenizer_embed_tokens_, detokenizer_embed_tokens_bias_);
  x = g.repeat(g.reshape(x, {count, 1, width}), {count, window, width});
  x = g.add(x, detokenizer_special_tokens_->tensor);
  x = detokenizer_.build(g, x, positions, {});
  return g.linear(x, detokenizer_proj_out_, detokenizer_proj_out_bias_);
}

std::vector<int32_t> FsqCodeTokenizer::encode(const FloatArray& latents) {
  const int64_t channels = config_.audio_acoustic_hidden_dim;
  const int64_t window = config_.pool_window_size;
  if (latents.shape.size() != 2 || latents.dim(1) != channels || latents.dim(0) < window ||
      latents.dim(0) % window != 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("code tokenizer: latents have the shape ",
                    shape_str(latents.shape),
                    ", expected [a multiple of ",
                    window,
                    ", ",
                    channels,
                    "]"));
  }
  const int64_t count = latents.dim(0) / window;
  Tensor in;
  Tensor positions;
  Tensor out;
  GraphOptions options;
  options.keep_taps = static_cast<bool>(observer_);
  Graph graph(
      *device_,
      [&](GraphBuilder& g) {
        in = g.input("latents", {count, window, channels});
        positions = g.index_input("positions", {window + 1});
        out = g.output("fsq_input", build_encoder(g, in, positions));
      },
      options);
  graph.set(in, latents.data);
  graph.set(positions, std::span<const int32_t>(counting(window + 1)));
  graph.run();
  report_taps(graph, observer_);
  const FloatArray projected = graph.get(out);
  std::vector<int32_t> codes;
  for (int64_t i = 0; i < count; ++i) codes.push_back(quantizer_.quantize(projected.row(i)));
  return codes;
}

FloatArray FsqCodeTokenizer::decode(std::span<const int32_t> codes) {
  const auto count = static_cast<int64_t>(codes.size());
  const int64_t window = config_.pool_window_size;
  if (codes.empty()) throw Error(ErrorCode::InvalidRequest, "code tokenizer: no audio codes given");
  FloatArray values({count, quantizer_.dimensions()});
  for (int64_t i = 0; i < count; ++i) {
    const int32_t code = codes[static_cast<size_t>(i)];
    if (code < 0 || code >= num_codes()) {
      throw Error(ErrorCode::InvalidRequest,
                  str("code tokenizer: audio code ", code, " is outside 0 to ", num_codes() - 1));
    }
    quantizer_.dequantize(code, values.row(i));
  }
  Tensor in;
  Tensor positions;
  Tensor out;
  GraphOptions options;
  options.keep_taps = static_cast<bool>(observer_);
  Graph graph(
      *device_,
      [&](GraphBuilder& g) {
        in = g.input("values", values.shape);
        positions = g.index_input("positions", {window});
        out = g.output("latents", build_decoder(g, in, positions));
      },
      options);
  graph.set(in, values.data);
  graph.set(positions, std::span<const int32_t>(counting(window)));
  graph.run();
  report_taps(graph, observer_);
  FloatArray latents = graph.get(out);
  latents.shape = {count * window, config_.audio_acoustic_hidden_dim};
  return latents;
}

}  // namespace ams
