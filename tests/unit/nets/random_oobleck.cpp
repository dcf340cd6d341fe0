#include "unit/nets/random_oobleck.h"

#include <algorithm>
#include <random>
#include <span>

#include "base/str.h"

namespace ams {

FloatArray noise(std::vector<int64_t> shape, uint64_t seed) {
  FloatArray result(std::move(shape));
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (float& value : result.data) value = normal(random);
  return result;
}

RandomOobleck::RandomOobleck(const OobleckConfig& config) {
  const int64_t blocks = config.num_blocks();
  const int64_t widest = config.encoder_width(blocks);
  const int64_t hidden = config.encoder_hidden_size;
  conv("encoder.conv1", hidden, config.audio_channels, 7, hidden);
  conv("encoder.conv2", hidden, widest, 3, hidden);
  snake("encoder.snake1", widest);
  const int64_t first = config.decoder_width(blocks);
  conv("decoder.conv1", first, config.decoder_input_channels, 7, first);
  conv("decoder.conv2", config.audio_channels, config.decoder_channels, 7, /*biases=*/0);
  snake("decoder.snake1", config.decoder_channels);
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t kernel = 2 * config.downsampling_ratios[static_cast<size_t>(i)];
    const std::string encoder = str("encoder.block.", i, ".");
    const int64_t inner = config.encoder_width(i), outer = config.encoder_width(i + 1);
    residual_units(encoder, inner);
    snake(encoder + "snake1", inner);
    conv(encoder + "conv1", outer, inner, kernel, outer);
    const std::string decoder = str("decoder.block.", blocks - 1 - i, ".");
    const int64_t out = config.decoder_width(i), in = config.decoder_width(i + 1);
    residual_units(decoder, out);
    snake(decoder + "snake1", in);
    conv(decoder + "conv_t1", in, out, kernel, out);
  }
}

const StoredTensor* RandomOobleck::find(std::string_view name) const {
  const auto at = std::find_if(
      tensors_.begin(), tensors_.end(), [&](const StoredTensor& t) { return t.name == name; });
  return at == tensors_.end() ? nullptr : &*at;
}

void RandomOobleck::add(const std::string& name,
                        std::vector<int64_t> shape,
                        float scale,
                        float offset) {
  FloatArray array = noise(std::move(shape), values_.size());
  for (float& value : array.data) value = scale * value + offset;
  values_.push_back(std::move(array));
  const FloatArray& kept = values_.back();
  tensors_.push_back({name, DType::F32, kept.shape, std::as_bytes(std::span(kept.data))});
}

void RandomOobleck::conv(
    const std::string& name, int64_t rows, int64_t columns, int64_t kernel, int64_t biases) {
  add(name + ".weight_g", {rows, 1, 1}, 0.1f, 0.6f);
  add(name + ".weight_v", {rows, columns, kernel}, 0.3f, 0.0f);
  if (biases > 0) add(name + ".bias", {biases}, 0.1f, 0.0f);
}

void RandomOobleck::snake(const std::string& name, int64_t channels) {
  add(name + ".alpha", {1, channels, 1}, 1.0f, 0.0f);
  add(name + ".beta", {1, channels, 1}, 0.5f, 1.0f);
}

void RandomOobleck::residual_units(const std::string& block, int64_t channels) {
  for (int unit = 1; unit <= 3; ++unit) {
    const std::string name = str(block, "res_unit", unit, ".");
    snake(name + "snake1", channels);
    conv(name + "conv1", channels, channels, 7, channels);
    snake(name + "snake2", channels);
    conv(name + "conv2", channels, channels, 1, channels);
  }
}

}  // namespace ams
