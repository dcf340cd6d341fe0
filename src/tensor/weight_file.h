// Tensors as they lie in a checkpoint, whatever its format: names, types, shapes and mapped bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace ams {

// A tensor that was checked: `bytes` has exactly the size that dtype and shape ask for.
struct StoredTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;        // outermost first, as in PyTorch; empty for a scalar
  std::span<const std::byte> bytes;  // valid as long as the WeightFile lives; may be unaligned
  bool is_mapped = false;            // whether they lie in a mapped file
};

// An opened checkpoint. Immutable; thread-safe. Nothing is read before it is touched.
class WeightFile {
 public:
  virtual ~WeightFile() = default;
  virtual std::span<const StoredTensor> tensors() const = 0;
  virtual const StoredTensor* find(std::string_view name) const = 0;  // null if there is none
  virtual std::string description() const = 0;                        // path(s), for messages
};

// Opens, by what lies there: a `.safetensors` file, a `.safetensors.index.json` with its shards, a
// `.gguf` file, a PyTorch zip archive (`.pt`, `.pth`, `.th`: tensors of its state), or a folder
// that holds one of model.safetensors.index.json, model.safetensors,
// diffusion_pytorch_model.safetensors (or their index), model.gguf, or a single other .gguf. Throws
// NotFound, CorruptFile (header, offset, size, overlap, duplicate or dtype at fault), Unsupported.
std::shared_ptr<const WeightFile> open_weights(const std::filesystem::path& path);

// Several files as one; a name in two of them is an error.
std::shared_ptr<const WeightFile> join_weights(
    std::vector<std::shared_ptr<const WeightFile>> files);

// A file whose tensors are renamed; `rename` returns an empty string to leave a tensor out.
std::shared_ptr<const WeightFile> rename_weights(
    std::shared_ptr<const WeightFile> file,
    const std::function<std::string(std::string_view)>& rename);

// Copies a float tensor (any of F32, F16, BF16, F64 or quantised) to fp32. Quantised values are
// what ggml makes of them. Throws Unsupported for other types.
std::vector<float> to_float(const StoredTensor& tensor);

}  // namespace ams
