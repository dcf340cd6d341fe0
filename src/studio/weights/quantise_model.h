// Quantised GGUF files from checkpoints: what `ams quantise` writes and the cache keeps.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/json.h"
#include "studio/models/model_list.h"
#include "tensor/tensor_recipe.h"
#include "tensor/weight_format.h"
#include "tensor/weight_store.h"

namespace ams {

// A network that is declared and not loaded, with the checkpoint that it reads.
struct DeclaredModel {
  ModelRole role;
  std::shared_ptr<const WeightFile> file;  // names as the network has them
  std::shared_ptr<const void> network;     // owns what `store` belongs to
  const WeightStore* store = nullptr;
};

// Declares the network of a folder with a config.json for a checkpoint. Throws as open_weights(),
// Unsupported for a folder that is no model and InvalidRequest for stem separators and adapters.
DeclaredModel declare_model(const std::filesystem::path& folder,
                            std::shared_ptr<const WeightFile> file);

struct QuantisedFile {
  std::filesystem::path path;
  size_t source_bytes = 0;  // of the tensors
  size_t bytes = 0;
};

// Writes one GGUF file, tensor by tensor, with the types of weight_dtype() and metadata that holds
// the configuration, the format, `identity` of the source and the hash of the tokenizer. Of a VAE
// only the encoder's kernels change, and only to q8_0. Throws as declare_model() and write_gguf(),
// and InvalidRequest for another format of a VAE.
QuantisedFile quantise_model(const std::filesystem::path& folder,
                             std::shared_ptr<const WeightFile> file,
                             Precision precision,
                             const std::string& identity,
                             const std::filesystem::path& output);

// The metadata's "format" and "identity" of a file of quantise_model(); empty where absent.
std::string quantised_format(const Json& metadata);
std::string quantised_identity(const Json& metadata);

// Copies the small files that a model needs beside its weights (configuration, silence latent,
// tokenizer) to another folder where they are missing. Throws NotFound if that is not possible.
void copy_companions(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace ams
