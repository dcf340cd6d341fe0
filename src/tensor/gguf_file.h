// GGUF files written by this program: the cache of quantised weights.
//
// ggml limits tensor names to 63 characters and four dimensions. A file therefore holds each tensor
// as a matrix named "0", "1", …, and the metadata "ams.tensors", a JSON array that gives name,
// dtype and shape in the same order. GGUF files of other programs have no such array.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/json.h"
#include "tensor/tensor_recipe.h"
#include "tensor/weight_file.h"

namespace ams {

struct GgufContent {
  std::shared_ptr<const WeightFile> tensors;  // mapped
  Json metadata;                              // as given to write_gguf
};

// Maps a file. Throws NotFound, CorruptFile (truncated, or header and tensors do not fit each
// other), Unsupported for a GGUF file of another program.
GgufContent read_gguf(const std::filesystem::path& path);

// Writes tensors and `metadata` (any JSON) beside `path` and renames the result, so that `path` is
// never half a file. Every dtype can be written; rows of a quantised tensor hold whole blocks.
// Throws InvalidRequest if a tensor is not consistent or a name occurs twice, NotFound if the
// folder cannot be written, Unsupported if the disk is full. Cost: one pass over the bytes.
void write_gguf(const std::filesystem::path& path,
                std::span<const StoredTensor> tensors,
                const Json& metadata);
// The same for tensors that are made while they are written, one at a time.
void write_gguf(const std::filesystem::path& path,
                std::span<const TensorRecipe> tensors,
                const Json& metadata);

}  // namespace ams
