// Writes safetensors files as the Hub's own tools do: one file, or shards with an index.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "tensor/tensor_recipe.h"

namespace ams {

// Writes one file, tensor by tensor. Throws InvalidRequest for a name twice or a quantised type,
// which the format does not have, and as AtomicFile.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorRecipe> tensors);

// Writes `shards` files of about equal size, <name>-00001-of-0000N.safetensors and so on, in
// `folder`, and <name>.safetensors.index.json; for one shard <name>.safetensors alone. Throws as
// write_safetensors().
void write_sharded_safetensors(const std::filesystem::path& folder,
                               const std::string& name,
                               std::span<const TensorRecipe> tensors,
                               size_t shards);

}  // namespace ams
