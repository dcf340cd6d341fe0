// config.json files that are absurd or contradict the weights: an error that names the value.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "hostile/load_model.h"
#include "support/expect_error.h"

namespace ams {
namespace {

struct ConfigCase {
  std::string_view network;
  std::string_view key;
  std::string_view value;  // JSON text
  ErrorCode code;
  std::string_view message;  // a part of it
};

void PrintTo(const ConfigCase& c, std::ostream* out) {
  *out << c.network << ": " << c.key << " = " << c.value;
}

class HostileConfig : public testing::TestWithParam<ConfigCase> {};

TEST_P(HostileConfig, is_rejected) {
  const ConfigCase& c = GetParam();
  const BrokenCheckpoint checkpoint;
  checkpoint.set_config(c.network, c.key, c.value);
  expect_error(c.code, std::string(c.message), [&] { load_model(checkpoint); });
}

constexpr ErrorCode kCorrupt = ErrorCode::CorruptFile;
constexpr ErrorCode kNotFound = ErrorCode::NotFound;

const ConfigCase kSongCases[] = {
    {kSongFolder, "hidden_size", "0", kCorrupt, "'hidden_size' is 0"},
    {kSongFolder, "hidden_size", "-1", kCorrupt, "'hidden_size' is -1"},
    {kSongFolder, "hidden_size", "65537", kCorrupt, "'hidden_size' is 65537"},
    {kSongFolder, "hidden_size", "1e30", kCorrupt, "'hidden_size': expected an integer"},
    {kSongFolder, "hidden_size", "99999999999999999999", kCorrupt, "'hidden_size'"},
    {kSongFolder, "hidden_size", "\"x\"", kCorrupt, "'hidden_size': expected an integer"},
    {kSongFolder, "hidden_size", "65536", kCorrupt, "do not fit its configuration"},
    {kSongFolder, "num_attention_heads", "3", kCorrupt, "not a multiple of the key/value heads"},
    {kSongFolder, "head_dim", "17", kCorrupt, "'head_dim' is odd: 17"},
    {kSongFolder, "num_hidden_layers", "63", kCorrupt, "decoder.layers.4"},
    {kSongFolder, "num_hidden_layers", "1024", kCorrupt, "'num_hidden_layers' is 1024"},
    {kSongFolder, "num_hidden_layers", "1", kCorrupt, "unknown: decoder.layers.1"},
    {kSongFolder, "rope_theta", "0", kCorrupt, "'rope_theta' is 0"},
    {kSongFolder, "rope_theta", "1e300", kCorrupt, "'rope_theta' is 1e+300"},
    {kSongFolder, "rope_theta", "\"x\"", kCorrupt, "'rope_theta': expected a number"},
    {kSongFolder, "rms_norm_eps", "-1", kCorrupt, "'rms_norm_eps' is -1"},
    {kSongFolder, "layer_types", "\"x\"", kCorrupt, "'layer_types' is not a list"},
    {kSongFolder, "layer_types", "[1]", kCorrupt, "expected a string"},
    {kSongFolder, "layer_types", "[\"local\"]", kCorrupt, "'layer_types' has 'local'"},
    {kSongFolder, "fsq_input_levels", "[8]", kCorrupt, "tokenizer.quantizer.project_in"},
    {kSongFolder, "fsq_input_levels", "[1]", kCorrupt, "'fsq_input_levels' has 1"},
    {kSongFolder, "fsq_input_levels", "[256,256,256,256]", kCorrupt, "too many codes"},
    {kSongFolder, "fsq_input_levels", "\"q\"", kCorrupt, "'fsq_input_levels'"},
    {kSongFolder, "timbre_fix_frame", "65536", kCorrupt, "'timbre_fix_frame' is 65536"},
    {kSongFolder, "pool_window_size", "7", kCorrupt, "detokenizer.special_tokens"},
    {kSongFolder, "patch_size", "1", kCorrupt, "'patch_size' is 1"},
    {kSongFolder, "in_channels", "7", kCorrupt, "'in_channels' is 7"},
    {kSongFolder, "is_turbo", "3", kCorrupt, "'is_turbo': expected true or false"},
    {kSongFolder, "audio_acoustic_hidden_dim", "7", kNotFound, "'decoder_input_channels' 7"},
    {kSongFolder, "audio_acoustic_hidden_dim", "[]", kCorrupt, "config.json"},
    {kSongFolder, "text_hidden_dim", "5", kNotFound, "a text encoder with 'hidden_size' 5"},
};
INSTANTIATE_TEST_SUITE_P(song, HostileConfig, testing::ValuesIn(kSongCases));

const ConfigCase kQwenCases[] = {
    {kEncoderFolder, "num_hidden_layers", "0", kCorrupt, "'num_hidden_layers' is 0"},
    {kEncoderFolder, "num_hidden_layers", "\"x\"", kCorrupt, "'num_hidden_layers': expected"},
    {kEncoderFolder, "num_hidden_layers", "1000", kCorrupt, "'num_hidden_layers' is 1000"},
    {kEncoderFolder, "hidden_size", "1", kNotFound, "the one found has 1"},
    {kEncoderFolder, "hidden_size", "\"x\"", kCorrupt, "'hidden_size': expected an integer"},
    {kEncoderFolder, "head_dim", "3", kCorrupt, "'head_dim' is 3"},
    {kEncoderFolder, "head_dim", "-2", kCorrupt, "'head_dim' is -2"},
    {kEncoderFolder, "num_key_value_heads", "3", kCorrupt, "not a multiple"},
    {kEncoderFolder, "vocab_size", "5", kCorrupt, "5 embeddings"},
    {kEncoderFolder, "rope_theta", "-5", kCorrupt, "'rope_theta' is -5"},
    {kEncoderFolder, "rms_norm_eps", "-1", kCorrupt, "'rms_norm_eps' is -1"},
    {kEncoderFolder, "tie_word_embeddings", "1", kCorrupt, "'tie_word_embeddings': expected"},
    {kEncoderFolder, "model_type", "\"llama\"", kNotFound, "needs a text encoder"},
    {kPlannerFolder, "hidden_size", "1", kCorrupt, "do not fit its configuration"},
    {kPlannerFolder, "vocab_size", "4194304", kCorrupt, "embed_tokens.weight"},
    {kPlannerFolder, "max_position_embeddings", "0", kCorrupt, "'max_position_embeddings' is 0"},
};
INSTANTIATE_TEST_SUITE_P(qwen, HostileConfig, testing::ValuesIn(kQwenCases));

const ConfigCase kVaeCases[] = {
    {kVaeFolder, "decoder_input_channels", "3", kNotFound, "the one found has 3"},
    {kVaeFolder, "encoder_hidden_size", "4", kCorrupt, "'encoder_hidden_size' is 4"},
    {kVaeFolder, "audio_channels", "1", kCorrupt, "do not fit its configuration"},
    {kVaeFolder, "sampling_rate", "1", kCorrupt, "'sampling_rate' is 1"},
    {kVaeFolder, "sampling_rate", "1048576", kCorrupt, "'sampling_rate' is 1048576"},
    {kVaeFolder, "downsampling_ratios", "[1,1]", kCorrupt, "'downsampling_ratios' has 2"},
    {kVaeFolder, "downsampling_ratios", "[0,4,4,6,10]", kCorrupt, "'downsampling_ratios' is 0"},
    {kVaeFolder, "downsampling_ratios", "[64,64,64,64,64]", kCorrupt, "multiply to more"},
    {kVaeFolder, "channel_multiples", "\"x\"", kCorrupt, "'channel_multiples' is not a list"},
    {kVaeFolder, "decoder_channels", "8193", kCorrupt, "'decoder_channels' is 8193"},
};
INSTANTIATE_TEST_SUITE_P(vae, HostileConfig, testing::ValuesIn(kVaeCases));

TEST(HostileConfigFile, control_loads) {
  const BrokenCheckpoint checkpoint;
  EXPECT_NO_THROW(load_model(checkpoint));
}

TEST(HostileConfigFile, missing_files_are_named) {
  for (const std::string_view network : {kSongFolder, kVaeFolder, kEncoderFolder}) {
    const BrokenCheckpoint checkpoint;
    std::filesystem::remove(checkpoint.file(network, "config.json"));
    expect_error(ErrorCode::NotFound, "models: ", [&] { load_model(checkpoint); });
  }
}

// Such a file is not a model for the list of models; opening it directly says why.
TEST(HostileConfigFile, text_that_is_no_json_is_rejected) {
  const BrokenCheckpoint checkpoint;
  const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
  const std::filesystem::path folder = checkpoint.file(kSongFolder, "");
  for (const std::string& text : {std::string(), std::string("{"), std::string("\xFF"), deep}) {
    replace_bytes(checkpoint.file(kSongFolder, "config.json"), text);
    expect_error(ErrorCode::NotFound, "no song model", [&] { load_model(checkpoint); });
    expect_error(kCorrupt, "config.json", [&] { AceStepConfig::load(folder); });
    expect_error(kCorrupt, "config.json", [&] { QwenConfig::load(folder); });
    expect_error(kCorrupt, "config.json", [&] { OobleckConfig::load(folder); });
  }
  replace_bytes(checkpoint.file(kSongFolder, "config.json"), "[]");
  expect_error(kCorrupt, "expected an object", [&] { AceStepConfig::load(folder); });
}

}  // namespace
}  // namespace ams
