// Weight files, silence latents and tokenizers that are missing, cut, corrupt or another model's.
#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "hostile/load_model.h"
#include "support/expect_error.h"
#include "support/safetensors_bytes.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr ErrorCode kCorrupt = ErrorCode::CorruptFile;
constexpr std::string_view kFirst = "decoder.condition_embedder.bias";     // BF16 [80]
constexpr std::string_view kSecond = "decoder.condition_embedder.weight";  // BF16 [80, 64]

class HostileWeights : public testing::Test {
 protected:
  void expect_corrupt(const std::string& message) const {
    expect_error(kCorrupt, message, [&] { load_model(checkpoint_); });
  }
  // After `change` to the song model's header.
  void expect_corrupt(const std::string& message, const std::function<void(Json&)>& change) const {
    checkpoint_.change_weights(kSongFolder, [&](Json& header, std::string&) { change(header); });
    expect_corrupt(message);
  }

  const BrokenCheckpoint checkpoint_;
  const fs::path song_ = checkpoint_.weights(kSongFolder);
};

TEST_F(HostileWeights, rewritten_control_loads) {
  checkpoint_.change_weights(kSongFolder, [](Json&, std::string&) {});
  EXPECT_NO_THROW(load_model(checkpoint_));
}

TEST_F(HostileWeights, missing_files_are_named) {
  fs::remove(song_);
  expect_error(ErrorCode::NotFound, "no song model", [&] { load_model(checkpoint_); });
  const fs::path folder = checkpoint_.file(kSongFolder, "");
  const auto device = Device::open({"cpu", /*threads=*/1});
  expect_error(ErrorCode::NotFound, "model.safetensors", [&] {
    AceStepModel::load(folder, *device, Precision::F32);
  });
}

TEST_F(HostileWeights, truncated_files_are_rejected) {
  const std::string whole = bytes_of(song_);
  for (const size_t size : {size_t{1}, size_t{7}, size_t{8}, size_t{5000}, whole.size() - 1}) {
    replace_bytes(song_, std::string_view(whole).substr(0, size));
    expect_corrupt("model.safetensors");
  }
}

TEST_F(HostileWeights, oversized_file_is_rejected) {
  replace_bytes(song_, bytes_of(song_) + "x");
  expect_corrupt("but its header describes only");
}

TEST_F(HostileWeights, header_length_beyond_the_file_is_rejected) {
  std::string bytes = bytes_of(song_);
  bytes.replace(0, 8, 8, '\xFF');
  replace_bytes(song_, bytes);
  expect_corrupt("states a header of 18446744073709551615 bytes");
}

TEST_F(HostileWeights, header_that_is_no_json_is_rejected) {
  std::string bytes = bytes_of(song_);
  bytes[9] = '}';
  replace_bytes(song_, bytes);
  expect_corrupt("is not valid JSON");
}

TEST_F(HostileWeights, other_format_is_rejected) {
  replace_bytes(song_, std::string(4096, 'x'));
  expect_corrupt("of another format");
}

TEST_F(HostileWeights, overlapping_offsets_are_rejected) {
  expect_corrupt("overlaps the tensor before it",
                 [](Json& header) { set_entry(header, kSecond, "data_offsets", "[0,10240]"); });
}

TEST_F(HostileWeights, offsets_beyond_the_file_are_rejected) {
  expect_corrupt("holds", [](Json& header) {
    set_entry(header, kFirst, "data_offsets", "[9000000000,9000000160]");
  });
}

TEST_F(HostileWeights, negative_offsets_are_rejected) {
  expect_corrupt(std::string(kFirst),
                 [](Json& header) { set_entry(header, kFirst, "data_offsets", "[-160,0]"); });
}

TEST_F(HostileWeights, unknown_dtype_is_rejected) {
  expect_corrupt("has the dtype 'Q17'",
                 [](Json& header) { set_entry(header, kFirst, "dtype", "\"Q17\""); });
}

TEST_F(HostileWeights, dtype_of_another_size_is_rejected) {
  expect_corrupt("expected 320",
                 [](Json& header) { set_entry(header, kFirst, "dtype", "\"F32\""); });
}

TEST_F(HostileWeights, overflowing_shape_is_rejected) {
  expect_corrupt("overflows", [](Json& header) {
    set_entry(header, kFirst, "shape", "[4294967296,4294967296,80]");
  });
}

TEST_F(HostileWeights, negative_shape_is_rejected) {
  expect_corrupt("negative", [](Json& header) { set_entry(header, kFirst, "shape", "[-80]"); });
}

TEST_F(HostileWeights, misshaped_tensor_is_named) {
  expect_corrupt("shape: decoder.condition_embedder.weight is [64, 80], expected [80, 64]",
                 [](Json& header) { set_entry(header, kSecond, "shape", "[64,80]"); });
}

TEST_F(HostileWeights, renamed_tensor_is_missing_and_unknown) {
  checkpoint_.change_weights(kSongFolder, [](Json& header, std::string& data) {
    const std::string extra(160, '\0');
    const size_t begin = data.size();
    data += extra;
    header.set("decoder.surplus", header.at(kFirst));
    set_entry(header,
              "decoder.surplus",
              "data_offsets",
              "[" + std::to_string(begin) + "," + std::to_string(begin + extra.size()) + "]");
  });
  expect_corrupt("unknown: decoder.surplus");
}

TEST_F(HostileWeights, missing_shard_is_named) {
  const std::string index = R"({"weight_map": {"a": "model-00001-of-00002.safetensors"}})";
  replace_bytes(checkpoint_.file(kSongFolder, "model.safetensors.index.json"), index);
  expect_error(
      ErrorCode::NotFound, "model-00001-of-00002.safetensors", [&] { load_model(checkpoint_); });
}

TEST_F(HostileWeights, shard_outside_the_folder_is_rejected) {
  const std::string index = R"({"weight_map": {"a": "../vae/model.safetensors"}})";
  replace_bytes(checkpoint_.file(kSongFolder, "model.safetensors.index.json"), index);
  expect_corrupt("plain file name");
}

TEST_F(HostileWeights, vae_of_another_model_is_rejected) {
  fs::copy_file(checkpoint_.weights(kEncoderFolder),
                checkpoint_.weights(kVaeFolder),
                fs::copy_options::overwrite_existing);
  expect_corrupt("do not fit its configuration");
}

class HostileSilence : public HostileWeights {
 protected:
  // In the place of silence_latent.pt.
  void write_silence(const std::vector<int64_t>& shape, size_t count) const {
    fs::remove(checkpoint_.file(kSongFolder, "silence_latent.pt"));
    replace_bytes(checkpoint_.file(kSongFolder, "silence_latent.safetensors"),
                  safetensors_bytes({{"silence", shape, test_values(count, 1)}}));
  }
};

TEST_F(HostileSilence, control_loads) {
  write_silence({1, 16, 10}, 160);
  EXPECT_NO_THROW(load_model(checkpoint_));
}

TEST_F(HostileSilence, other_channels_are_rejected) {
  write_silence({1, 8, 20}, 160);
  expect_corrupt("8 channels, the model 16");
}

TEST_F(HostileSilence, other_ranks_are_rejected) {
  write_silence({16, 10}, 160);
  expect_corrupt("must hold one tensor [1, C, frames]");
}

TEST_F(HostileSilence, empty_latent_is_rejected) {
  write_silence({1, 16, 0}, 0);
  expect_corrupt("must hold one tensor [1, C, frames]");
}

TEST_F(HostileSilence, missing_and_cut_files_are_named) {
  const fs::path path = checkpoint_.file(kSongFolder, "silence_latent.pt");
  replace_bytes(path, bytes_of(path).substr(0, 30000));
  expect_corrupt("silence_latent.pt");
  fs::remove(path);
  expect_error(ErrorCode::NotFound, "silence_latent", [&] { load_model(checkpoint_); });
}

class HostileTokenizer : public HostileWeights {
 protected:
  const fs::path tokenizer_ = checkpoint_.file(kEncoderFolder, "tokenizer.json");
};

TEST_F(HostileTokenizer, broken_files_are_named) {
  replace_bytes(tokenizer_, bytes_of(tokenizer_).substr(0, 10000));
  expect_corrupt("tokenizer.json");
  replace_bytes(tokenizer_, "{}");
  expect_error(ErrorCode::Unsupported, "tokenizer.json", [&] { load_model(checkpoint_); });
}

TEST_F(HostileTokenizer, missing_files_are_named) {
  fs::remove(tokenizer_);
  fs::remove(checkpoint_.file(kEncoderFolder, "vocab.json"));
  expect_error(ErrorCode::NotFound, "vocab.json", [&] { load_model(checkpoint_); });
}

TEST_F(HostileTokenizer, other_vocabulary_is_rejected) {
  fs::copy_file(checkpoint_.file(kPlannerFolder, "tokenizer.json"),
                tokenizer_,
                fs::copy_options::overwrite_existing);
  expect_corrupt("the tokenizer is another model's");
}

}  // namespace
}  // namespace ams
