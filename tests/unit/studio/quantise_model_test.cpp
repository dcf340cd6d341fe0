// Quantised files: their values, what stays exact, and that they load like published files.
#include "studio/weights/quantise_model.h"

#include <map>
#include <string>
#include <vector>

#include <ggml-backend.h>
#include <ggml.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nets/acestep_model.h"
#include "studio/bench/format_comparison.h"
#include "studio/models/song_model.h"
#include "studio/weights/make_checkpoint.h"
#include "studio/weights/model_weights.h"
#include "studio/weights/source_identity.h"
#include "support/temporary_folder.h"
#include "tensor/gguf_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

const fs::path kCheckpoints = fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints";
const std::vector<std::string> kQuantised = {
    "acestep-v15-xl-sft", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B", "Qwen2.5-7B-Instruct"};

ggml_type type_of(DType dtype) {
  switch (dtype) {
    case DType::Q8_0:
      return GGML_TYPE_Q8_0;
    case DType::Q6_K:
      return GGML_TYPE_Q6_K;
    case DType::Q5_K:
      return GGML_TYPE_Q5_K;
    default:
      return GGML_TYPE_Q4_K;
  }
}

// What ggml itself makes of the values: quantised in one piece and back.
std::vector<float> there_and_back(const std::vector<float>& values, DType dtype, int64_t row) {
  const ggml_type type = type_of(dtype);
  const auto rows = static_cast<int64_t>(values.size()) / row;
  std::vector<std::byte> packed(ggml_row_size(type, row) * static_cast<size_t>(rows));
  ggml_quantize_chunk(type, values.data(), packed.data(), 0, rows, row, nullptr);
  std::vector<float> result(values.size());
  ggml_get_type_traits(type)->to_float(
      packed.data(), result.data(), static_cast<int64_t>(result.size()));
  return result;
}

class QuantiseModel : public testing::Test {
 protected:
  GgufContent quantise(const std::string& name, Precision precision, fs::path folder = {}) {
    if (folder.empty()) folder = kCheckpoints / name;
    const fs::path path = folder_.path() / (name + ".gguf");
    quantise_model(folder, open_weights(folder), precision, "id", path);
    return read_gguf(path);
  }
  // Tensors of each type; expects that all values are what they should be.
  std::map<DType, int> check_values(const std::string& name,
                                    const fs::path& folder,
                                    Precision precision) {
    const GgufContent content = quantise(name, precision, folder);
    const auto source = without_qwen_prefix(open_weights(folder));
    std::map<DType, int> counts;
    for (const StoredTensor& tensor : content.tensors->tensors()) {
      ++counts[tensor.dtype];
      const std::vector<float> exact = to_float(*source->find(tensor.name));
      EXPECT_EQ(to_float(tensor),
                is_quantised(tensor.dtype)
                    ? there_and_back(exact, tensor.dtype, tensor.shape.back())
                    : exact)
          << tensor.name;
    }
    return counts;
  }
  TemporaryFolder folder_;
};

TEST_F(QuantiseModel, values_are_those_of_ggml) {
  for (const std::string& name : kQuantised) {
    const int quantised = check_values(name, kCheckpoints / name, Precision::Q8_0)[DType::Q8_0];
    // No row of the tiny lyrics model is a multiple of 32: all of it stays as it is.
    EXPECT_EQ(quantised > 0, name != "Qwen2.5-7B-Instruct") << name;
  }
}

TEST_F(QuantiseModel, k_formats_mix_six_bits_into_every_second_down_projection) {
  make_checkpoint({"tiny", folder_.path() / "tiny"}, {});  // inner layers of 256
  const fs::path song = folder_.path() / "tiny" / "acestep-v15-tiny";
  const std::map<DType, int> counts = check_values("song", song, Precision::Q4_K);
  EXPECT_GT(counts.at(DType::Q4_K), 0);
  EXPECT_GT(counts.at(DType::Q6_K), 0);
  EXPECT_EQ(check_values("song", song, Precision::Q6_K).count(DType::Q4_K), 0u);
  EXPECT_GT(check_values("song", song, Precision::Q5_K)[DType::Q5_K], 0);
}

TEST_F(QuantiseModel, bf16_files_lose_nothing) {
  for (const std::string& name : kQuantised) {
    const std::map<DType, int> counts = check_values(name, kCheckpoints / name, Precision::BF16);
    EXPECT_EQ(counts.count(DType::Q8_0), 0u);
  }
}

TEST_F(QuantiseModel, norms_tables_and_embeddings_stay) {
  const GgufContent song = quantise("acestep-v15-xl-sft", Precision::Q8_0);
  for (const StoredTensor& tensor : song.tensors->tensors()) {
    const bool may_shrink =
        tensor.name.ends_with("_proj.weight") && tensor.name.find("time_proj") == std::string::npos;
    EXPECT_TRUE(may_shrink || !is_quantised(tensor.dtype)) << tensor.name;
  }
  const GgufContent text = quantise("Qwen3-Embedding-0.6B", Precision::Q8_0);
  EXPECT_EQ(text.tensors->find("embed_tokens.weight")->dtype, DType::BF16);
}

TEST_F(QuantiseModel, metadata_tells_where_it_came_from) {
  const Json metadata = quantise("acestep-5Hz-lm-1.7B", Precision::Q8_0).metadata;
  EXPECT_EQ(quantised_format(metadata), "q8_0");
  EXPECT_EQ(quantised_identity(metadata), "id");
  EXPECT_EQ(metadata.get("role", ""), "planner");
  EXPECT_EQ(metadata.at("config").get("model_type", ""), "qwen3");
  EXPECT_EQ(metadata.get("tokenizer_sha256", "").size(), 64u);
}

TEST_F(QuantiseModel, of_a_vae_only_the_kernels_of_the_encoder_change) {
  const GgufContent content = quantise("vae", Precision::Q8_0);
  const auto source = open_weights(kCheckpoints / "vae");
  ASSERT_EQ(content.tensors->tensors().size(), source->tensors().size());
  int quantised = 0;
  for (const StoredTensor& tensor : content.tensors->tensors()) {
    const std::vector<float> exact = to_float(*source->find(tensor.name));
    if (!is_quantised(tensor.dtype)) {
      EXPECT_EQ(to_float(tensor), exact) << tensor.name;
      continue;
    }
    ++quantised;
    EXPECT_TRUE(tensor.name.starts_with("encoder.")) << tensor.name;
    const auto row = static_cast<int64_t>(exact.size()) / tensor.shape.front();
    EXPECT_EQ(to_float(tensor), there_and_back(exact, DType::Q8_0, row)) << tensor.name;
  }
  EXPECT_GT(quantised, 10);
  EXPECT_THROW(quantise("vae", Precision::Q4_K), Error);
}

// Folders with a .gguf instead of the published weights.
TEST_F(QuantiseModel, a_folder_of_gguf_files_is_a_song_model) {
  const fs::path root = folder_.path() / "models";
  fs::create_directories(root);
  for (const std::string name :
       {"vae", "acestep-v15-xl-sft", "Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B"}) {
    fs::create_directories(root / name);
    const fs::path source = kCheckpoints / name;
    quantise_model(
        source, open_weights(source), Precision::Q8_0, "id", root / name / "model-q8_0.gguf");
    copy_companions(source, root / name);
    EXPECT_FALSE(fs::exists(root / name / "model.safetensors"));
  }
  const auto device = Device::open({"cpu", 1});
  SongModel model(find_song_model(root.string(), "", {}), *device, {});
  model.load({});
  model.planner({});
  SongModel published(find_song_model(kCheckpoints.string(), "", {}), *device, {});
  published.load({});
  published.planner({});
  EXPECT_LT(model.weight_bytes(), published.weight_bytes());
}

TEST_F(QuantiseModel, a_file_of_the_wanted_format_beside_the_published_ones_is_taken) {
  const fs::path folder = folder_.path() / "acestep-5Hz-lm-1.7B";
  fs::copy(kCheckpoints / "acestep-5Hz-lm-1.7B", folder);
  quantise_model(folder, open_weights(folder), Precision::Q8_0, "id", folder / "model-q8_0.gguf");
  const auto description = [&](Precision precision) {
    return open_model_weights(folder, precision, {})->description();
  };
  EXPECT_TRUE(description(Precision::Q8_0).ends_with("model-q8_0.gguf"));
  EXPECT_TRUE(description(Precision::BF16).ends_with("model.safetensors"));
  EXPECT_TRUE(description(Precision::Q4_K).ends_with("model.safetensors"));
}

// Every matrix of a loaded model, as it lies in memory, with its type in front.
std::map<std::string, std::vector<uint8_t>> matrices_in_memory(const fs::path& folder,
                                                               Precision precision,
                                                               const QuantCache& cache) {
  const auto device = Device::open({"cpu", 1});
  const auto model = AceStepModel::load(AceStepConfig::load(folder),
                                        open_model_weights(folder, precision, cache),
                                        *device,
                                        precision);
  std::map<std::string, std::vector<uint8_t>> matrices;
  for (const MatrixPart& part : model->store().matrix_parts()) {
    const ggml_tensor* node = part.weight->tensor.node;
    std::vector<uint8_t>& bytes = matrices[part.weight->name];
    bytes.resize(ggml_nbytes(node) + 1);
    bytes[0] = static_cast<uint8_t>(part.weight->dtype);
    ggml_backend_tensor_get(node, bytes.data() + 1, 0, ggml_nbytes(node));
  }
  return matrices;
}

// Three ways to quantised weights: while loading, through the cache, from a file of `ams quantise`
// without the published ones beside it.
TEST_F(QuantiseModel, all_ways_lead_to_the_same_bytes_in_memory) {
  make_checkpoint({"tiny", folder_.path() / "tiny"}, {});  // inner layers of 256
  const fs::path source = folder_.path() / "tiny" / "acestep-v15-tiny";
  for (const Precision precision :
       {Precision::Q8_0, Precision::Q6_K, Precision::Q5_K, Precision::Q4_K}) {
    const std::string name(precision_info(precision).name);
    const fs::path alone = folder_.path() / name;
    fs::create_directories(alone);
    quantise_model(source, open_weights(source), precision, "id", alone / "model.gguf");
    copy_companions(source, alone);
    const auto while_loading = matrices_in_memory(source, precision, {});
    ASSERT_GT(while_loading.size(), 20u) << name;
    EXPECT_EQ(matrices_in_memory(source, precision, {folder_.path() / "cache"}), while_loading)
        << name;
    EXPECT_EQ(matrices_in_memory(source, precision, {folder_.path() / "cache"}), while_loading)
        << name << ", read again from the cache";
    EXPECT_EQ(matrices_in_memory(alone, precision, {}), while_loading) << name;
    // Without --quant a file is taken as it is.
    EXPECT_EQ(matrices_in_memory(alone, Precision::BF16, {}), while_loading) << name;
  }
}

TEST_F(QuantiseModel, a_quantised_file_is_a_source_too) {
  const fs::path fine = folder_.path() / "fine";
  fs::create_directories(fine);
  const fs::path source = kCheckpoints / "acestep-v15-xl-sft";
  quantise_model(source, open_weights(source), Precision::Q8_0, "id", fine / "model.gguf");
  copy_companions(source, fine);
  const std::string identity = source_identity(fine);
  EXPECT_NE(identity, source_identity(source));
  const fs::path again = folder_.path() / "model-bf16.gguf";
  const QuantisedFile written = quantise_model(
      fine, open_model_weights(fine, Precision::BF16, {}), Precision::BF16, identity, again);
  EXPECT_GT(written.bytes, written.source_bytes);
  const auto coarse = open_model_weights(fine, Precision::BF16, {});
  const GgufContent content = read_gguf(again);
  for (const StoredTensor& tensor : content.tensors->tensors()) {
    EXPECT_FALSE(is_quantised(tensor.dtype)) << tensor.name;
    std::vector<float> rounded = to_float(*coarse->find(tensor.name));
    if (tensor.dtype == DType::BF16) {
      for (float& value : rounded) value = ggml_bf16_to_fp32(ggml_fp32_to_bf16(value));
    }
    EXPECT_EQ(to_float(tensor), rounded) << tensor.name;
  }
}

// Latents of the whole guided loop. The tiny model has few wide matrices, so this is a bound for
// gross faults, not a measure of the formats.
TEST_F(QuantiseModel, a_guided_loop_stays_close_to_bf16) {
  FormatComparisonOptions options;
  options.dit = kCheckpoints / "acestep-v15-xl-sft";
  options.frames = 128;
  options.formats = {Precision::Q8_0};
  const auto results = compare_formats(options, *Device::open({"cpu", 2}), {});
  ASSERT_EQ(results.size(), 2u);
  RecordProperty("q8_0_cosine", std::to_string(results[1].cosine));
  EXPECT_GT(results[1].cosine, 0.99);
  EXPECT_LT(results[1].cosine, 1.0);
  EXPECT_LT(results[1].weight_bytes, results[0].weight_bytes);
}

}  // namespace
}  // namespace ams
