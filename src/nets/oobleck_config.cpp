#include "nets/oobleck_config.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Bounds far above the published sizes keep products of sizes inside 64 bits.
constexpr int64_t kWide = 1 << 13;
constexpr int64_t kLargestRatio = 64;
constexpr int64_t kLargestMultiple = 256;
constexpr int64_t kMostBlocks = 12;
constexpr int64_t kLargestHop = 1 << 18;
constexpr int64_t kLargestWidth = 1 << 16;
// Hz; what audio files can hold.
constexpr int64_t kLowestRate = 4000;
constexpr int64_t kHighestRate = 384000;

[[noreturn]] void throw_config(const std::string& message) {
  throw Error(ErrorCode::CorruptFile, "vae config.json: " + message);
}

int64_t checked(std::string_view name, int64_t value, int64_t largest) {
  if (value < 1 || value > largest) {
    throw_config(str("'", name, "' is ", value, ", expected 1 to ", largest));
  }
  return value;
}

std::vector<int64_t> read_list(const Json& json,
                               const char* name,
                               std::vector<int64_t> fallback,
                               int64_t largest) {
  if (!json.contains(name)) return fallback;
  const Json list = json.at(name);
  if (!list.is_array() || list.size() < 1 || list.size() > kMostBlocks) {
    throw_config(str("'", name, "' is not a list of 1 to ", kMostBlocks, " numbers"));
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < list.size(); ++i) {
    if (!list.at(i).is_int()) throw_config(str("'", name, "' has an entry that is no integer"));
    values.push_back(checked(name, list.at(i).as_int(), largest));
  }
  return values;
}

int64_t read_size(const Json& json, const char* name, int64_t fallback, int64_t largest) {
  if (json.contains(name) && !json.at(name).is_int()) {
    throw_config(str("'", name, "' is not an integer"));
  }
  return checked(name, json.get(name, fallback), largest);
}

void check(const OobleckConfig& config) {
  if (config.downsampling_ratios.size() != config.channel_multiples.size()) {
    throw_config(str("'downsampling_ratios' has ",
                     config.downsampling_ratios.size(),
                     " entries, 'channel_multiples' ",
                     config.channel_multiples.size()));
  }
  int64_t hop = 1;
  for (const int64_t ratio : config.downsampling_ratios) {
    hop *= ratio;
    if (hop > kLargestHop)
      throw_config(str("'downsampling_ratios' multiply to more than ", kLargestHop));
  }
  if (config.encoder_hidden_size != 2 * config.decoder_input_channels) {
    throw_config(str("'encoder_hidden_size' is ",
                     config.encoder_hidden_size,
                     ", expected twice 'decoder_input_channels' ",
                     config.decoder_input_channels));
  }
  for (const int64_t multiple : config.channel_multiples) {
    if (multiple * config.encoder_hidden_size > kLargestWidth ||
        multiple * config.decoder_channels > kLargestWidth) {
      throw_config(str("'channel_multiples' give more than ", kLargestWidth, " channels"));
    }
  }
}

}  // namespace

int64_t OobleckConfig::hop_samples() const {
  int64_t hop = 1;
  for (const int64_t ratio : downsampling_ratios) hop *= ratio;
  return hop;
}

int64_t OobleckConfig::encoder_width(int64_t index) const {
  return index == 0 ? encoder_hidden_size
                    : encoder_hidden_size * channel_multiples[static_cast<size_t>(index - 1)];
}

int64_t OobleckConfig::decoder_width(int64_t index) const {
  return index == 0 ? decoder_channels
                    : decoder_channels * channel_multiples[static_cast<size_t>(index - 1)];
}

OobleckConfig OobleckConfig::parse(const Json& json) {
  if (!json.is_object()) throw_config("expected an object");
  OobleckConfig config;
  config.encoder_hidden_size =
      read_size(json, "encoder_hidden_size", config.encoder_hidden_size, kWide);
  config.decoder_channels = read_size(json, "decoder_channels", config.decoder_channels, kWide);
  config.decoder_input_channels =
      read_size(json, "decoder_input_channels", config.decoder_input_channels, kWide);
  config.audio_channels = read_size(json, "audio_channels", config.audio_channels, 64);
  config.sampling_rate = read_size(json, "sampling_rate", config.sampling_rate, kHighestRate);
  if (config.sampling_rate < kLowestRate) {
    throw_config(str("'sampling_rate' is ",
                     config.sampling_rate,
                     ", expected ",
                     kLowestRate,
                     " to ",
                     kHighestRate));
  }
  config.downsampling_ratios =
      read_list(json, "downsampling_ratios", std::move(config.downsampling_ratios), kLargestRatio);
  config.channel_multiples =
      read_list(json, "channel_multiples", std::move(config.channel_multiples), kLargestMultiple);
  check(config);
  return config;
}

OobleckConfig OobleckConfig::load(const std::filesystem::path& folder) {
  return parse(Json::parse_file(folder / "config.json"));
}

double oobleck_decode_operations(const OobleckConfig& config, int64_t frames) {
  constexpr int64_t kTaps = 7;           // of the first, the last and the residual convolutions
  constexpr int64_t kResidualUnits = 3;  // of a block, each with a second convolution of one tap
  const int64_t widest = config.decoder_width(config.num_blocks());
  int64_t rows = frames;
  int64_t products = rows * kTaps * config.decoder_input_channels * widest;
  for (int64_t block = config.num_blocks() - 1; block >= 0; --block) {
    const int64_t width = config.decoder_width(block);
    const int64_t stride = config.downsampling_ratios[static_cast<size_t>(block)];
    products += rows * 2 * stride * config.decoder_width(block + 1) * width;  // spans two strides
    rows *= stride;
    products += rows * kResidualUnits * (kTaps + 1) * width * width;
  }
  products += rows * kTaps * config.decoder_width(0) * config.audio_channels;
  return 2.0 * static_cast<double>(products);
}

}  // namespace ams
