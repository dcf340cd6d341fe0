#include "nets/htdemucs_config.h"

#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

[[noreturn]] void throw_kwargs(const std::string& message) {
  throw Error(ErrorCode::CorruptFile, "htdemucs kwargs: " + message);
}

struct SizeField {
  const char* name;
  int64_t HtdemucsConfig::*member;
  int64_t smallest, largest;
};

// Bounds far above every published size keep products of sizes inside 64 bits.
constexpr SizeField kSizes[] = {
    {"audio_channels", &HtdemucsConfig::audio_channels, 2, 2},
    {"samplerate", &HtdemucsConfig::samplerate, 8000, 192000},
    {"channels", &HtdemucsConfig::channels, 1, 1024},
    {"growth", &HtdemucsConfig::growth, 1, 4},
    {"nfft", &HtdemucsConfig::nfft, 64, 65536},
    {"depth", &HtdemucsConfig::depth, 1, 6},
    {"kernel_size", &HtdemucsConfig::kernel_size, 2, 64},
    {"stride", &HtdemucsConfig::stride, 1, 32},
    {"context", &HtdemucsConfig::context, 0, 8},
    {"context_enc", &HtdemucsConfig::context_enc, 0, 8},
    {"dconv_mode", &HtdemucsConfig::dconv_mode, 0, 3},
    {"dconv_depth", &HtdemucsConfig::dconv_depth, 1, 8},
    {"dconv_comp", &HtdemucsConfig::dconv_comp, 1, 64},
    {"bottom_channels", &HtdemucsConfig::bottom_channels, 0, 8192},
    {"t_layers", &HtdemucsConfig::t_layers, 1, 64},
    {"t_heads", &HtdemucsConfig::t_heads, 1, 128},
};

struct RealField {
  const char* name;
  float HtdemucsConfig::*member;
  double smallest, largest;
};

constexpr RealField kReals[] = {
    {"freq_emb", &HtdemucsConfig::freq_emb, 1e-6, 100.0},
    {"emb_scale", &HtdemucsConfig::emb_scale, 1e-6, 1000.0},
    {"t_hidden_scale", &HtdemucsConfig::t_hidden_scale, 0.1, 16.0},
    {"t_max_period", &HtdemucsConfig::t_max_period, 2.0, 1e9},
    {"t_weight_pos_embed", &HtdemucsConfig::t_weight_pos_embed, 0.0, 100.0},
};

// Switches of the class whose other value is another network; absent means the value here.
struct FixedSwitch {
  const char* name;
  bool value;
};
constexpr FixedSwitch kSwitches[] = {
    {"cac", true},
    {"rewrite", true},
    {"t_layer_scale", true},
    {"t_gelu", true},
    {"t_norm_in", true},
    {"t_norm_in_group", false},
    {"t_group_norm", false},
    {"t_norm_first", true},
    {"t_norm_out", true},
    {"t_sparse_self_attn", false},
    {"t_sparse_cross_attn", false},
    {"t_auto_sparsity", false},
};

int64_t read_segment(const Json& kwargs, int64_t samplerate) {
  constexpr double kDefaultSeconds = 10.0;  // of the class
  double samples = kDefaultSeconds * static_cast<double>(samplerate);
  if (kwargs.contains("segment")) {
    const Json segment = kwargs.at("segment");
    if (segment.is_object()) {  // a Fraction, which is exact
      const int64_t numerator = segment.at("numerator").as_int();
      const int64_t denominator = segment.at("denominator").as_int();
      if (numerator < 1 || numerator > 1000000 || denominator < 1 || denominator > 1000000) {
        throw_kwargs(str("'segment' is ", numerator, "/", denominator));
      }
      const int64_t whole = numerator * samplerate / denominator;
      samples = static_cast<double>(whole);
    } else {
      samples = std::trunc(segment.as_double() * static_cast<double>(samplerate));
    }
  }
  constexpr double kLongestSeconds = 60.0;
  if (!(samples >= 1.0 && samples <= kLongestSeconds * static_cast<double>(samplerate))) {
    throw_kwargs(str("'segment' is ", samples, " samples, expected 1 to ", kLongestSeconds, " s"));
  }
  return static_cast<int64_t>(samples);
}

void check_switches(const Json& kwargs) {
  for (const FixedSwitch& item : kSwitches) {
    if (kwargs.get(item.name, item.value) == item.value) continue;
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: '",
                    item.name,
                    "' is ",
                    !item.value,
                    "; only the variant of the published checkpoints is supported"));
  }
  if (kwargs.get("t_emb", "sin") != "sin") {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: 't_emb' is '", kwargs.get("t_emb", ""), "', expected 'sin'"));
  }
  for (const char* name : {"channels_time", "multi_freqs"}) {
    const Json value = kwargs.contains(name) ? kwargs.at(name) : Json();
    if (value.is_null() || (value.is_array() && value.size() == 0)) continue;
    throw Error(ErrorCode::Unsupported, str("htdemucs: '", name, "' is set, expected none"));
  }
}

void check_sizes(const HtdemucsConfig& config, int64_t norm_starts) {
  if (norm_starts < config.depth) {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: 'norm_starts' is ", norm_starts, ", expected at least 'depth'"));
  }
  if (config.kernel_size != 2 * config.stride || config.stride % 2 != 0) {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: 'kernel_size' is ",
                    config.kernel_size,
                    ", expected twice an even 'stride' (",
                    config.stride,
                    ")"));
  }
  if ((config.nfft & (config.nfft - 1)) != 0) {
    throw_kwargs(str("'nfft' is ", config.nfft, ", expected a power of two"));
  }
  for (int64_t layer = 0; layer < config.depth; ++layer) {
    const int64_t bins = config.layer_bins(layer);
    if (bins > config.kernel_size && bins % config.stride == 0) continue;
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: layer ", layer, " has ", bins, " frequency rows, too few to go on"));
  }
  const int64_t width = config.transformer_channels();
  if (width % 4 != 0 || width % config.t_heads != 0) {
    throw_kwargs(str("the transformer has ",
                     width,
                     " channels, expected a multiple of 4 and of 't_heads' ",
                     config.t_heads));
  }
  constexpr int64_t kWidest = 16384;
  if (config.layer_channels(config.depth - 1) > kWidest) {
    throw_kwargs(str("the innermost layer has more than ", kWidest, " channels"));
  }
  if (config.channels / config.dconv_comp < 1) throw_kwargs("'dconv_comp' exceeds 'channels'");
}

}  // namespace

int64_t HtdemucsConfig::layer_channels(int64_t layer) const {
  int64_t width = channels;
  for (int64_t i = 0; i < layer; ++i) width *= growth;
  return width;
}

int64_t HtdemucsConfig::layer_bins(int64_t layer) const {
  int64_t rows = bins();
  for (int64_t i = 0; i < layer; ++i) rows /= stride;
  return rows;
}

int64_t HtdemucsConfig::layer_samples(int64_t layer) const {
  int64_t samples = segment_samples;
  for (int64_t i = 0; i < layer; ++i) samples = (samples + stride - 1) / stride;
  return samples;
}

HtdemucsConfig HtdemucsConfig::parse(const Json& kwargs) {
  if (!kwargs.is_object()) throw_kwargs("expected an object");
  HtdemucsConfig config;
  config.bottom_channels = 0;  // defaults of the class where they are not the published value
  config.dconv_mode = 1;
  config.kernel_size = 8;
  const Json sources = kwargs.at("sources");
  for (int64_t i = 0; i < sources.size(); ++i) config.sources.push_back(sources.at(i).as_string());
  constexpr size_t kMostStems = 16;
  if (config.sources.empty() || config.sources.size() > kMostStems) {
    throw_kwargs(str("'sources' has ", config.sources.size(), " names, expected 1 to 16"));
  }
  for (const SizeField& field : kSizes) {
    const int64_t value = kwargs.get(field.name, config.*field.member);
    if (value < field.smallest || value > field.largest) {
      throw_kwargs(str(
          "'", field.name, "' is ", value, ", expected ", field.smallest, " to ", field.largest));
    }
    config.*field.member = value;
  }
  for (const RealField& field : kReals) {
    const double value = kwargs.get(field.name, static_cast<double>(config.*field.member));
    if (!(value >= field.smallest && value <= field.largest)) {
      throw_kwargs(str("'", field.name, "' is ", value));
    }
    config.*field.member = static_cast<float>(value);
  }
  config.t_cross_first = kwargs.get("t_cross_first", false);
  config.segment_samples = read_segment(kwargs, config.samplerate);
  check_switches(kwargs);
  check_sizes(config, kwargs.get("norm_starts", 4));
  return config;
}

}  // namespace ams
