#include "studio/weights/quantise_model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/build_info.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "tensor/gguf_file.h"
#include "tensor/tensor_convert.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kCompanions{"config.json",
                                                      "silence_latent.pt",
                                                      "silence_latent.safetensors",
                                                      "tokenizer.json",
                                                      "tokenizer_config.json",
                                                      "vocab.json",
                                                      "merges.txt",
                                                      "added_tokens.json"};

// A network and what it is declared on. Nothing of it runs.
template <typename Network, typename... Options>
void declare_as(DeclaredModel& model, const QwenConfig& config, Options... options) {
  struct Owned {
    std::unique_ptr<Device> device;
    WeightStore store;
    std::unique_ptr<Network> network;
  };
  auto owned = std::make_shared<Owned>();
  owned->device = Device::open({"cpu", 1});
  owned->network =
      std::make_unique<Network>(owned->store.root(), config, *owned->device, options...);
  model.store = &owned->store;
  model.network = std::move(owned);
}

ModelRole role_in(const fs::path& folder) {
  for (const ModelEntry& entry : list_models(std::vector{folder})) {
    if (entry.folder == folder) return entry.role;
  }
  throw Error(
      ErrorCode::Unsupported,
      str("quantise: ",
          folder.string(),
          " has no config.json of a song model, planner, text encoder, VAE or lyrics model"));
}

size_t bytes_of(const TensorRecipe& tensor) {
  return dtype_bytes(tensor.dtype, element_count(tensor.shape).value_or(0));
}

// The kernels of a VAE's encoder as q8_0. Its decoder stays as it is, because every error of it is
// heard; an error of the encoder is far below what the encoder itself loses.
void shrink_encoder(std::vector<TensorRecipe>& recipes, const WeightFile& file) {
  for (TensorRecipe& recipe : recipes) {
    const bool is_kernel =
        recipe.name.starts_with("encoder.") && recipe.name.ends_with(".weight_v");
    if (!is_kernel) continue;
    StoredTensor rows = *file.find(recipe.name);
    const int64_t row = element_count(std::span(rows.shape).subspan(1)).value_or(0);
    if (row % dtype_block(DType::Q8_0) != 0) continue;
    rows.shape = {rows.shape.front(), row};
    recipe.dtype = DType::Q8_0;
    recipe.make = [rows](const ByteSink& sink) { convert_tensor(rows, DType::Q8_0, sink); };
  }
}

std::vector<TensorRecipe> recipes_of(const DeclaredModel& model, Precision precision) {
  std::vector<TensorRecipe> recipes = model.store->recipes(*model.file, precision);
  if (model.role != ModelRole::Vae || precision == Precision::BF16) return recipes;
  if (precision != Precision::Q8_0) {
    throw Error(ErrorCode::InvalidRequest,
                str("quantise: format is '",
                    precision_info(precision).name,
                    "', expected q8_0 or bf16 for a VAE: in a coarser one every error is heard"));
  }
  shrink_encoder(recipes, *model.file);
  return recipes;
}

Json metadata_of(const fs::path& folder,
                 ModelRole role,
                 Precision precision,
                 const std::string& identity) {
  Json metadata = Json::object();
  metadata.set("format", precision_info(precision).name);
  metadata.set("role", model_role_name(role));
  metadata.set("identity", identity);
  metadata.set("name", folder.filename().string());
  metadata.set("config", Json::parse_file(folder / "config.json"));
  metadata.set("program", str("ams ", version()));
  std::error_code ignored;
  const fs::path tokenizer = folder / "tokenizer.json";
  if (fs::exists(tokenizer, ignored)) metadata.set("tokenizer_sha256", sha256_of_file(tokenizer));
  return metadata;
}

}  // namespace

DeclaredModel declare_model(const fs::path& folder, std::shared_ptr<const WeightFile> file) {
  DeclaredModel model;
  model.role = role_in(folder);
  model.file = std::move(file);
  switch (model.role) {
    case ModelRole::Vae: {
      struct Owned {
        std::unique_ptr<Device> device;
        WeightStore store;
        std::unique_ptr<Oobleck> network;
      };
      auto owned = std::make_shared<Owned>();
      owned->device = Device::open({"cpu", 1});
      owned->network = std::make_unique<Oobleck>(
          owned->store.root(), OobleckConfig::load(folder), *owned->device, Precision::BF16);
      model.store = &owned->store;
      model.network = std::move(owned);
      return model;
    }
    case ModelRole::Stems:
    case ModelRole::Lora:
      throw Error(ErrorCode::InvalidRequest,
                  str("quantise: ",
                      folder.string(),
                      " is a stem separator or an adapter; expected a song model, planner, text "
                      "encoder, VAE or lyrics model"));
    case ModelRole::Song: {
      struct Owned {
        std::unique_ptr<Device> device;
        std::unique_ptr<AceStepModel> network;
      };
      auto owned = std::make_shared<Owned>();
      owned->device = Device::open({"cpu", 1});
      owned->network = std::make_unique<AceStepModel>(AceStepConfig::load(folder), *owned->device);
      model.store = &owned->network->store();
      model.network = std::move(owned);
      return model;
    }
    case ModelRole::TextEncoder:
      declare_as<QwenTextEncoder>(model, QwenConfig::load(folder));
      break;
    case ModelRole::Planner:
    case ModelRole::Lyrics:
      declare_as<QwenLm>(model, QwenConfig::load(folder), /*exact_caches=*/false);
      break;
  }
  model.file = without_qwen_prefix(std::move(model.file));
  return model;
}

QuantisedFile quantise_model(const fs::path& folder,
                             std::shared_ptr<const WeightFile> file,
                             Precision precision,
                             const std::string& identity,
                             const fs::path& output) {
  const DeclaredModel model = declare_model(folder, std::move(file));
  const std::vector<TensorRecipe> recipes = recipes_of(model, precision);
  write_gguf(output,
             std::span<const TensorRecipe>(recipes),
             metadata_of(folder, model.role, precision, identity));
  QuantisedFile result;
  result.path = output;
  for (const StoredTensor& tensor : model.file->tensors()) {
    result.source_bytes += tensor.bytes.size();
  }
  for (const TensorRecipe& tensor : recipes) result.bytes += bytes_of(tensor);
  return result;
}

std::string quantised_format(const Json& metadata) { return metadata.get("format", ""); }
std::string quantised_identity(const Json& metadata) { return metadata.get("identity", ""); }

void copy_companions(const fs::path& from, const fs::path& to) {
  for (const std::string_view name : kCompanions) {
    std::error_code failure;
    if (!fs::exists(from / name, failure) || fs::exists(to / name, failure)) continue;
    fs::copy_file(from / name, to / name, failure);
    if (failure) {
      throw Error(ErrorCode::NotFound,
                  str("quantise: cannot copy ",
                      (from / name).string(),
                      " to ",
                      to.string(),
                      ": ",
                      failure.message()));
    }
  }
}

}  // namespace ams
