#include "studio/weights/make_checkpoint.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "base/text_file.h"
#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "studio/bench/network_sizes.h"
#include "studio/weights/byte_tokenizer.h"
#include "studio/weights/checkpoint_config.h"
#include "studio/weights/random_weights.h"
#include "tensor/safetensors_writer.h"
#include "tensor/torch_writer.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr size_t kXlShards = 4;
constexpr int64_t kSilenceFrames = 15000;  // of the published table
constexpr float kSilenceDeviation = 0.5f;

class CheckpointWriter {
 public:
  CheckpointWriter(const CheckpointOptions& options,
                   const std::function<void(std::string_view)>& observe)
      : options_(options),
        observe_(observe),
        sizes_(network_sizes(options.config)),
        device_(Device::open({"cpu", 1})),
        random_(options.seed) {}

  void write() const {
    write_song_model();
    write_codec();
    write_text_encoder();
    write_planner();
  }

 private:
  // Makes a sub-folder with its config.json.
  fs::path folder(const std::string& name, const Json& config) const {
    if (observe_) observe_(name);
    fs::path path = options_.folder / name;
    std::error_code failure;
    if (fs::exists(path / "config.json")) {
      throw Error(ErrorCode::InvalidRequest,
                  str("checkpoint: ", path.string(), " is already there; remove it first"));
    }
    fs::create_directories(path, failure);
    if (failure) {
      throw Error(ErrorCode::NotFound,
                  str("checkpoint: cannot make ", path.string(), ": ", failure.message()));
    }
    write_text_file(path / "config.json", config.dump(2) + "\n");
    return path;
  }

  // All tensors of a published file, by name. A tied head is not stored.
  std::vector<TensorRecipe> recipes(const WeightStore& store, DType dtype) const {
    std::vector<WeightPart> parts = store.stored_parts();
    for (const WeightPart& part : store.ignored_parts()) {
      if (!part.name.ends_with("lm_head.weight")) parts.push_back(part);
    }
    std::sort(parts.begin(), parts.end(), [](const WeightPart& a, const WeightPart& b) {
      return a.name < b.name;
    });
    std::vector<TensorRecipe> result;
    for (const WeightPart& part : parts) result.push_back(random_.recipe(part, dtype));
    return result;
  }

  void write_song_model() const {
    AceStepModel model(sizes_.song, *device_);
    const fs::path path = folder("acestep-v15-" + options_.config, config_json(sizes_.song));
    const DType dtype = sizes_.is_xl ? DType::F32 : DType::BF16;
    const size_t shards = sizes_.is_xl ? kXlShards : 1;
    write_sharded_safetensors(path, "model", recipes(model.store(), dtype), shards);
    const int64_t channels = sizes_.song.audio_acoustic_hidden_dim;
    std::vector<float> silence(static_cast<size_t>(channels * kSilenceFrames));
    PhiloxStream(options_.seed, RandomPurpose::Noise).fill_normal(silence);
    for (float& value : silence) value *= kSilenceDeviation;
    const int64_t shape[] = {1, channels, kSilenceFrames};
    write_torch_tensor(path / "silence_latent.pt", shape, silence);
  }

  void write_codec() const {
    WeightStore store;
    const Oobleck codec(store.root(), sizes_.codec, *device_, Precision::BF16);
    const fs::path path = folder("vae", config_json(sizes_.codec));
    write_safetensors(path / "diffusion_pytorch_model.safetensors", recipes(store, DType::BF16));
  }

  void write_text_encoder() const {
    WeightStore store;
    const QwenTextEncoder encoder(store.root(), sizes_.text, *device_);
    const fs::path path = folder("Qwen3-Embedding-0.6B", config_json(sizes_.text));
    write_safetensors(path / "model.safetensors", recipes(store, DType::BF16));
    write_tokenizer(path, {.vocabulary = sizes_.text.vocab_size, .appends_end = true});
  }

  void write_planner() const {
    WeightStore store;
    const QwenLm lm(store.root(), sizes_.planner, *device_, /*exact_caches=*/false);
    const fs::path path = folder(sizes_.planner_name, config_json(sizes_.planner));
    write_safetensors(path / "model.safetensors", recipes(store, DType::BF16));
    write_tokenizer(path, {.vocabulary = sizes_.planner.vocab_size, .has_audio_codes = true});
  }

  static void write_tokenizer(const fs::path& path, const ByteTokenizer& options) {
    write_text_file(path / "tokenizer.json", byte_tokenizer_json(options).dump() + "\n");
  }

  const CheckpointOptions& options_;
  const std::function<void(std::string_view)>& observe_;
  NetworkSizes sizes_;
  std::unique_ptr<Device> device_;
  RandomWeights random_;
};

}  // namespace

void make_checkpoint(const CheckpointOptions& options,
                     const std::function<void(std::string_view folder)>& observe) {
  CheckpointWriter(options, observe).write();
}

}  // namespace ams
