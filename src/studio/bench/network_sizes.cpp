#include "studio/bench/network_sizes.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int64_t kCodeVocabulary = 217204;  // of the published planners
constexpr int64_t kTextVocabulary = 151669;

struct QwenSizes {
  int64_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocabulary;
};

// One published or built-in configuration by name.
struct Sizes {
  std::string_view name;
  std::string_view planner_name;
  bool is_xl;
  int64_t hidden, intermediate, layers, heads;  // of the diffusion transformer
  int64_t encoder_hidden, encoder_intermediate, encoder_heads;
  int64_t kv_heads, head_dim;
  bool has_timbre_token;
  ModelKind kind;
  QwenSizes text, planner;
  int64_t codec_width;  // channels next to the audio
};

constexpr QwenSizes kText{1024, 3072, 28, 16, 8, 128, kTextVocabulary};
constexpr QwenSizes kPlannerSmall{1024, 3072, 28, 16, 8, 128, kCodeVocabulary};
constexpr QwenSizes kPlanner{2048, 6144, 28, 16, 8, 128, kCodeVocabulary};
constexpr QwenSizes kDemoText{256, 768, 4, 4, 2, 64, 4096};
constexpr QwenSizes kDemoPlanner{256, 768, 4, 4, 2, 64, 68096};

constexpr Sizes kSizes[] = {
    {"xl-sft",
     "acestep-5Hz-lm-1.7B",
     true,
     2560,
     9728,
     32,
     32,
     2048,
     6144,
     16,
     8,
     128,
     true,
     ModelKind::Sft,
     kText,
     kPlanner,
     128},
    {"xl-base",
     "acestep-5Hz-lm-1.7B",
     true,
     2560,
     9728,
     32,
     32,
     2048,
     6144,
     16,
     8,
     128,
     true,
     ModelKind::Base,
     kText,
     kPlanner,
     128},
    {"xl-turbo",
     "acestep-5Hz-lm-1.7B",
     true,
     2560,
     9728,
     32,
     32,
     2048,
     6144,
     16,
     8,
     128,
     true,
     ModelKind::Turbo,
     kText,
     kPlanner,
     128},
    {"base",
     "acestep-5Hz-lm-0.6B",
     false,
     2048,
     6144,
     24,
     16,
     2048,
     6144,
     16,
     8,
     128,
     false,
     ModelKind::Base,
     kText,
     kPlannerSmall,
     128},
    {"sft",
     "acestep-5Hz-lm-0.6B",
     false,
     2048,
     6144,
     24,
     16,
     2048,
     6144,
     16,
     8,
     128,
     false,
     ModelKind::Sft,
     kText,
     kPlannerSmall,
     128},
    {"turbo",
     "acestep-5Hz-lm-0.6B",
     false,
     2048,
     6144,
     24,
     16,
     2048,
     6144,
     16,
     8,
     128,
     false,
     ModelKind::Turbo,
     kText,
     kPlannerSmall,
     128},
    {"demo",
     "acestep-5Hz-lm-demo",
     false,
     256,
     768,
     8,
     4,
     256,
     768,
     4,
     2,
     64,
     true,
     ModelKind::Sft,
     kDemoText,
     kDemoPlanner,
     32},
    {"tiny",
     "acestep-5Hz-lm-tiny",
     false,
     128,
     256,
     4,
     4,
     128,
     256,
     4,
     2,
     32,
     true,
     ModelKind::Sft,
     {128, 256, 2, 4, 2, 32, 2048},
     {128, 256, 2, 4, 2, 32, 66048},
     16},
};

struct LyricsSizes {
  std::string_view name;
  QwenSizes sizes;
  bool is_tied;
};

// Qwen2.5 Instruct (arXiv:2412.15115, table 1).
constexpr LyricsSizes kLyricsSizes[] = {
    {"0.5b", {896, 4864, 24, 14, 2, 64, 151936}, true},
    {"1.5b", {1536, 8960, 28, 12, 2, 128, 151936}, true},
    {"3b", {2048, 11008, 36, 16, 2, 128, 151936}, true},
    {"7b", {3584, 18944, 28, 28, 4, 128, 152064}, false},
    {"tiny", {128, 256, 2, 4, 2, 32, 2048}, true},
};

QwenConfig qwen_config(const QwenSizes& sizes) {
  QwenConfig config;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_hidden_layers = sizes.layers;
  config.num_attention_heads = sizes.heads;
  config.num_key_value_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.vocab_size = sizes.vocabulary;
  return config;
}

AceStepConfig song_config(const Sizes& sizes) {
  AceStepConfig config;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_hidden_layers = sizes.layers;
  config.num_attention_heads = sizes.heads;
  config.num_key_value_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.encoder_hidden_size = sizes.encoder_hidden;
  config.encoder_intermediate_size = sizes.encoder_intermediate;
  config.encoder_num_attention_heads = sizes.encoder_heads;
  config.encoder_num_key_value_heads = sizes.kv_heads;
  config.fsq_dim = sizes.encoder_hidden;
  config.text_hidden_dim = sizes.text.hidden;
  config.has_timbre_token = sizes.has_timbre_token;
  config.kind = sizes.kind;
  return config;
}

}  // namespace

std::vector<std::string> network_size_names() {
  std::vector<std::string> names;
  for (const Sizes& sizes : kSizes) names.emplace_back(sizes.name);
  return names;
}

NetworkSizes network_sizes(const std::string& name) {
  std::string valid;
  for (const Sizes& sizes : kSizes) {
    valid += str(valid.empty() ? "" : ", ", sizes.name);
    if (sizes.name != name) continue;
    NetworkSizes result;
    result.song = song_config(sizes);
    result.text = qwen_config(sizes.text);
    result.planner = qwen_config(sizes.planner);
    result.codec.decoder_channels = sizes.codec_width;
    result.codec.encoder_hidden_size = 128;  // mean and scale of 64 latent channels
    result.planner_name = sizes.planner_name;
    result.is_xl = sizes.is_xl;
    return result;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("sizes: the configuration '", name, "' is unknown; valid are ", valid));
}

QwenConfig lyrics_sizes(const std::string& name) {
  for (const LyricsSizes& row : kLyricsSizes) {
    if (row.name != name) continue;
    QwenConfig config = qwen_config(row.sizes);
    config.tie_word_embeddings = row.is_tied;
    config.projection = ProjectionKind::Bias;
    return config;
  }
  throw Error(ErrorCode::InvalidRequest, str("sizes: the lyrics model '", name, "' is unknown"));
}

}  // namespace ams
