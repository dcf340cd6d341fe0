// Sizes of an Oobleck autoencoder, read from its config.json. Field names are its keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/json.h"

namespace ams {

struct OobleckConfig {
  int64_t encoder_hidden_size = 128;  // also the channels of the encoder's result: mean and scale
  std::vector<int64_t> downsampling_ratios = {2, 4, 4, 6, 10};
  std::vector<int64_t> channel_multiples = {1, 2, 4, 8, 16};
  int64_t decoder_channels = 128;
  int64_t decoder_input_channels = 64;  // latent channels
  int64_t audio_channels = 2;
  int64_t sampling_rate = 48000;  // Hz

  int64_t hop_samples() const;  // samples of one latent frame
  int64_t num_blocks() const { return static_cast<int64_t>(downsampling_ratios.size()); }
  // Channels of the encoder before block `index`, and after the last for index num_blocks().
  int64_t encoder_width(int64_t index) const;
  // Channels of the decoder after block `index` counted from the audio: 0 is next to it.
  int64_t decoder_width(int64_t index) const;

  // Throws CorruptFile if a value is missing, out of range or contradicts others.
  static OobleckConfig parse(const Json& json);
  static OobleckConfig load(const std::filesystem::path& folder);
};

// Floating-point operations of decoding `frames` latent frames: two for each product of its
// convolutions.
double oobleck_decode_operations(const OobleckConfig& config, int64_t frames);

}  // namespace ams
