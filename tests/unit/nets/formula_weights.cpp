#include "unit/nets/formula_weights.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/str.h"

namespace ams {
namespace {

// The nearest half-precision number.
float round_to_half(float value) {
  if (value == 0.0f) return 0.0f;
  int exponent = 0;
  std::frexp(value, &exponent);
  const double quantum = std::ldexp(1.0, std::max(exponent - 11, -24));
  return static_cast<float>(std::nearbyint(static_cast<double>(value) / quantum) * quantum);
}

// Value u in [-1, 1) of a tensor's element, scaled by what the tensor is.
float formula_value(const std::string& name, const std::vector<int64_t>& shape, double u) {
  double value = 0.0;
  if (name.ends_with(".scale")) {
    value = 0.5 + 0.25 * u;
  } else if (name.find("embedding") != std::string::npos) {
    value = 0.1 * u;
  } else if (shape.size() == 1 && name.ends_with(".weight")) {
    value = 1.0 + 0.25 * u;
  } else if (shape.size() == 1) {
    value = 0.1 * u;
  } else {
    double fan = 1.0;
    for (size_t i = 1; i < shape.size(); ++i) fan *= static_cast<double>(shape[i]);
    if (name.find("conv_tr") != std::string::npos) {
      fan = static_cast<double>(shape[0] * shape[2]) / 4.0;
    }
    value = u * std::sqrt(3.0 / fan);
  }
  return round_to_half(static_cast<float>(value));
}

}  // namespace

std::vector<double> formula_noise(std::string_view name, int64_t count) {
  uint32_t state = 2166136261u;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 16777619u;
  std::vector<double> values;
  values.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back(static_cast<double>(state >> 8) / 8388608.0 - 1.0);
  }
  return values;
}

std::vector<float> formula_signal(std::string_view name, int64_t samples) {
  std::vector<float> signal;
  for (const double u : formula_noise(name, 2 * samples)) {
    signal.push_back(static_cast<float>(0.3 * u));
  }
  return signal;
}

FormulaWeights::FormulaWeights(const HtdemucsConfig& config, std::string_view prefix)
    : prefix_(prefix) {
  add_layers(config);
  add_transformer(config);
  add("freq_emb.embedding.weight", {config.layer_bins(1), config.channels});
  if (config.bottom_channels == 0) return;
  const int64_t inner = config.layer_channels(config.depth - 1);
  for (const char* branch : {"", "_t"}) {
    add(str("channel_upsampler", branch, ".weight"), {config.bottom_channels, inner, 1});
    add(str("channel_upsampler", branch, ".bias"), {config.bottom_channels});
    add(str("channel_downsampler", branch, ".weight"), {inner, config.bottom_channels, 1});
    add(str("channel_downsampler", branch, ".bias"), {inner});
  }
}

void FormulaWeights::add(const std::string& name, std::vector<int64_t> shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  std::vector<float>& values = values_.emplace_back();
  for (const double u : formula_noise(name, count)) {
    values.push_back(formula_value(name, shape, u));
  }
  tensors_.push_back(
      {prefix_ + name, DType::F32, std::move(shape), std::as_bytes(std::span(values))});
}

void FormulaWeights::add_dconv(const std::string& name,
                               int64_t channels,
                               const HtdemucsConfig& config) {
  const int64_t hidden = channels / config.dconv_comp;
  for (int64_t i = 0; i < config.dconv_depth; ++i) {
    const std::string layer = str(name, ".dconv.layers.", i);
    add(layer + ".0.weight", {hidden, channels, 3});
    add(layer + ".0.bias", {hidden});
    add(layer + ".1.weight", {hidden});
    add(layer + ".1.bias", {hidden});
    add(layer + ".3.weight", {2 * channels, hidden, 1});
    add(layer + ".3.bias", {2 * channels});
    add(layer + ".4.weight", {2 * channels});
    add(layer + ".4.bias", {2 * channels});
    add(layer + ".6.scale", {channels});
  }
}

void FormulaWeights::add_layers(const HtdemucsConfig& config) {
  for (const bool frequency : {true, false}) {
    const std::string branch = frequency ? "" : "t";
    const auto image = [&](std::vector<int64_t> shape, int64_t last) {
      if (frequency) shape.push_back(last);
      return shape;
    };
    for (int64_t i = 0; i < config.depth; ++i) {
      const int64_t channels = config.layer_channels(i);
      const int64_t outside = i > 0 ? config.layer_channels(i - 1) : frequency ? 4 : 2;
      const std::string encoder = str(branch, "encoder.", i);
      add(encoder + ".conv.weight", image({channels, outside, 8}, 1));
      add(encoder + ".conv.bias", {channels});
      add(encoder + ".rewrite.weight", image({2 * channels, channels, 1}, 1));
      add(encoder + ".rewrite.bias", {2 * channels});
      add_dconv(encoder, channels, config);
      const int64_t out = i > 0 ? outside : outside * config.stems();
      const std::string decoder = str(branch, "decoder.", config.depth - 1 - i);
      add(decoder + ".conv_tr.weight", image({channels, out, 8}, 1));
      add(decoder + ".conv_tr.bias", {out});
      add(decoder + ".rewrite.weight", image({2 * channels, channels, 3}, 3));
      add(decoder + ".rewrite.bias", {2 * channels});
      add_dconv(decoder, channels, config);
    }
  }
}

void FormulaWeights::add_transformer(const HtdemucsConfig& config) {
  const int64_t width = config.transformer_channels();
  const int64_t wide = 4 * width;
  const auto add_norm = [&](const std::string& name) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  };
  for (const char* branch : {"", "_t"}) {
    add_norm(str("crosstransformer.norm_in", branch));
    for (int64_t i = 0; i < config.t_layers; ++i) {
      const std::string layer = str("crosstransformer.layers", branch, ".", i);
      const std::string attention = layer + (i % 2 == 0 ? ".self_attn" : ".cross_attn");
      add(attention + ".in_proj_weight", {3 * width, width});
      add(attention + ".in_proj_bias", {3 * width});
      add(attention + ".out_proj.weight", {width, width});
      add(attention + ".out_proj.bias", {width});
      add(layer + ".linear1.weight", {wide, width});
      add(layer + ".linear1.bias", {wide});
      add(layer + ".linear2.weight", {width, wide});
      add(layer + ".linear2.bias", {width});
      for (const char* norm : {".norm1", ".norm2", ".norm_out"}) add_norm(layer + norm);
      if (i % 2 == 1) add_norm(layer + ".norm3");
      add(layer + ".gamma_1.scale", {width});
      add(layer + ".gamma_2.scale", {width});
    }
  }
}

const StoredTensor* FormulaWeights::find(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(),
                                  tensors_.end(),
                                  [&](const StoredTensor& tensor) { return tensor.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

std::string FormulaWeights::safetensors() const {
  Json header = Json::object();
  std::string data;
  for (const StoredTensor& tensor : tensors_) {
    Json shape = Json::array();
    for (const int64_t dim : tensor.shape) shape.push_back(dim);
    Json offsets = Json::array();
    offsets.push_back(static_cast<int64_t>(data.size()));
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    offsets.push_back(static_cast<int64_t>(data.size()));
    Json entry = Json::object();
    entry.set("dtype", "F32");
    entry.set("shape", shape);
    entry.set("data_offsets", offsets);
    header.set(tensor.name, entry);
  }
  const std::string text = header.dump();
  std::string file;
  for (int shift = 0; shift < 64; shift += 8) {
    file += static_cast<char>((static_cast<uint64_t>(text.size()) >> shift) & 0xff);
  }
  return file + text + data;
}

HtdemucsConfig tiny_htdemucs() {
  HtdemucsConfig config;
  config.sources = {"drums", "bass", "other", "vocals"};
  config.segment_samples = 44100;
  config.channels = 8;
  config.bottom_channels = 32;
  config.dconv_comp = 4;
  return config;
}

}  // namespace ams
