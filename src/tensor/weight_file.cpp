#include "tensor/weight_file.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "tensor/gguf_file.h"
#include "tensor/gguf_layout.h"
#include "tensor/safetensors.h"
#include "tensor/tensor_table.h"
#include "tensor/torch_archive.h"

namespace ams {
namespace {

using OpenFunction = std::shared_ptr<const WeightFile> (*)(const std::filesystem::path&);

struct Format {
  std::string_view ending;
  OpenFunction open;
};

std::shared_ptr<const WeightFile> open_gguf(const std::filesystem::path& path) {
  return read_gguf(path).tensors;
}
std::shared_ptr<const WeightFile> open_torch(const std::filesystem::path& path) {
  return read_torch_archive(path).tensors;
}

constexpr std::array<Format, 6> kFormats{{
    {".safetensors", open_safetensors},
    {".safetensors.index.json", open_safetensors_index},
    {".gguf", open_gguf},
    {".pt", open_torch},
    {".pth", open_torch},
    {".th", open_torch},
}};

// What a folder may hold, the first that exists is opened.
constexpr std::array<std::string_view, 5> kFolderFiles{
    "model.safetensors.index.json",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
    "model.gguf",
};

std::filesystem::path file_in_folder(const std::filesystem::path& folder) {
  std::string names;
  for (const std::string_view name : kFolderFiles) {
    std::filesystem::path path = folder / name;
    if (std::filesystem::exists(path)) return path;
    names += names.empty() ? "" : ", ";
    names += name;
  }
  // `ams quantise` names its files after their format.
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  }
  if (files.size() == 1) return files.front();
  throw Error(ErrorCode::NotFound,
              str("weights: the folder ",
                  folder.string(),
                  " holds none of ",
                  names,
                  ", and ",
                  files.size(),
                  " other .gguf files, expected one"));
}

std::vector<float> doubles_to_floats(std::span<const std::byte> bytes, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    double value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof(double), sizeof(double));
    values[i] = static_cast<float>(value);
  }
  return values;
}

// ggml reads blocks at their natural alignment, which the bytes of a file need not have.
void dequantise(const StoredTensor& tensor, std::span<float> values) {
  const ggml_to_float_t convert =
      ggml_get_type_traits(detail::ggml_type_of(tensor.dtype))->to_float;
  const std::vector<std::byte> aligned(tensor.bytes.begin(), tensor.bytes.end());
  convert(aligned.data(), values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace

std::shared_ptr<const WeightFile> open_weights(const std::filesystem::path& path) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::NotFound, str("weights: ", path.string(), " does not exist"));
  }
  if (std::filesystem::is_directory(status)) return open_weights(file_in_folder(path));
  std::string endings;
  for (const Format& format : kFormats) {
    if (path.filename().string().ends_with(format.ending)) return format.open(path);
    endings += endings.empty() ? "" : ", ";
    endings += format.ending;
  }
  throw Error(ErrorCode::Unsupported,
              str("weights: ", path.string(), " is not one of the known formats: ", endings));
}

std::shared_ptr<const WeightFile> join_weights(
    std::vector<std::shared_ptr<const WeightFile>> files) {
  std::string description;
  std::vector<StoredTensor> tensors;
  for (const auto& file : files) {
    description += description.empty() ? "" : " + ";
    description += file->description();
    tensors.insert(tensors.end(), file->tensors().begin(), file->tensors().end());
  }
  return std::make_shared<TensorTable>(
      std::move(description),
      std::move(tensors),
      std::vector<std::shared_ptr<const void>>(files.begin(), files.end()));
}

std::shared_ptr<const WeightFile> rename_weights(
    std::shared_ptr<const WeightFile> file,
    const std::function<std::string(std::string_view)>& rename) {
  std::vector<StoredTensor> tensors;
  for (const StoredTensor& tensor : file->tensors()) {
    std::string name = rename(tensor.name);
    if (name.empty()) continue;
    tensors.push_back(tensor);
    tensors.back().name = std::move(name);
  }
  std::string description = file->description();
  return std::make_shared<TensorTable>(std::move(description),
                                       std::move(tensors),
                                       std::vector<std::shared_ptr<const void>>{std::move(file)});
}

std::vector<float> to_float(const StoredTensor& tensor) {
  const auto count = static_cast<size_t>(element_count(tensor.shape).value_or(0));
  std::vector<float> values(count);
  if (count == 0) return values;
  switch (tensor.dtype) {
    case DType::F32:
      std::memcpy(values.data(), tensor.bytes.data(), count * 4);
      return values;
    case DType::F16:
      fp16_to_floats(tensor.bytes, values);
      return values;
    case DType::BF16:
      bf16_to_floats(tensor.bytes, values);
      return values;
    case DType::F64:
      return doubles_to_floats(tensor.bytes, count);
    case DType::Q8_0:
    case DType::Q6_K:
    case DType::Q5_K:
    case DType::Q4_K:
      dequantise(tensor, values);
      return values;
    default:
      throw Error(ErrorCode::Unsupported,
                  str("weights: '",
                      tensor.name,
                      "' is ",
                      dtype_name(tensor.dtype),
                      ", expected one of f32, f16, bf16, f64 or a quantised type"));
  }
}

}  // namespace ams
