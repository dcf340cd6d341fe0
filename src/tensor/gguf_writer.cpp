#include <set>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/str.h"
#include "tensor/gguf_file.h"
#include "tensor/gguf_layout.h"

namespace ams {
namespace {

struct FreeGgml {
  void operator()(ggml_context* context) const { ggml_free(context); }
};

// Rows of the matrix that stands for `tensor`: of its last dimensions as many as make whole blocks,
// and all others together.
struct Matrix {
  int64_t columns = 1;
  int64_t rows = 1;
};

Matrix checked_matrix(const TensorRecipe& tensor) {
  const auto count = element_count(tensor.shape);
  const int64_t block = dtype_block(tensor.dtype);
  int64_t columns = 1;
  for (size_t i = tensor.shape.size(); count && i > 0; --i) {
    columns *= tensor.shape[i - 1];
    if (columns % block == 0) break;
  }
  if (!count || columns % block != 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("gguf: '",
                    tensor.name,
                    "' ",
                    shape_str(tensor.shape),
                    " cannot be ",
                    dtype_name(tensor.dtype),
                    ": its values are no whole blocks"));
  }
  if (*count == 0) return {0, 1};  // ggml drops trailing dimensions of 0 as if they were 1
  return {columns, *count / columns};
}

Json description_of(std::span<const TensorRecipe> tensors) {
  Json entries = Json::array();
  std::set<std::string_view> names;
  for (const TensorRecipe& tensor : tensors) {
    if (!names.insert(tensor.name).second || !is_utf8(tensor.name)) {
      throw Error(ErrorCode::InvalidRequest,
                  str("gguf: the tensor name '", tensor.name, "' occurs twice or is not UTF-8"));
    }
    Json shape = Json::array();
    for (const int64_t dim : tensor.shape) shape.push_back(dim);
    Json entry = Json::object();
    entry.set("name", tensor.name);
    entry.set("dtype", dtype_name(tensor.dtype));
    entry.set("shape", shape);
    entries.push_back(entry);
  }
  return entries;
}

// The bytes before the first tensor.
std::vector<std::byte> header_of(std::span<const TensorRecipe> tensors, const Json& metadata) {
  const detail::GgufContext gguf(gguf_init_empty());
  gguf_set_val_str(gguf.get(), "general.architecture", "ams");
  gguf_set_val_str(gguf.get(), detail::kGgufMetadataKey, metadata.dump().c_str());
  gguf_set_val_str(gguf.get(), detail::kGgufTensorsKey, description_of(tensors).dump().c_str());
  const ggml_init_params params{
      /*mem_size=*/(tensors.size() + 1) * ggml_tensor_overhead(),
      /*mem_buffer=*/nullptr,
      /*no_alloc=*/true,
  };
  const std::unique_ptr<ggml_context, FreeGgml> context(ggml_init(params));
  if (!context) throw Error(ErrorCode::OutOfMemory, "gguf: no memory for the header");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Matrix matrix = checked_matrix(tensors[i]);
    ggml_tensor* tensor = ggml_new_tensor_2d(
        context.get(), detail::ggml_type_of(tensors[i].dtype), matrix.columns, matrix.rows);
    ggml_set_name(tensor, std::to_string(i).c_str());
    gguf_add_tensor(gguf.get(), tensor);
  }
  std::vector<std::byte> header(gguf_get_meta_size(gguf.get()));
  gguf_get_meta_data(gguf.get(), header.data());
  return header;
}

}  // namespace

namespace detail {

ggml_type ggml_type_of(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return GGML_TYPE_F32;
    case DType::F16:
      return GGML_TYPE_F16;
    case DType::BF16:
      return GGML_TYPE_BF16;
    case DType::F64:
      return GGML_TYPE_F64;
    case DType::I64:
      return GGML_TYPE_I64;
    case DType::I32:
      return GGML_TYPE_I32;
    case DType::I16:
      return GGML_TYPE_I16;
    case DType::I8:
    case DType::U8:
    case DType::Bool:
      return GGML_TYPE_I8;
    case DType::Q8_0:
      return GGML_TYPE_Q8_0;
    case DType::Q6_K:
      return GGML_TYPE_Q6_K;
    case DType::Q5_K:
      return GGML_TYPE_Q5_K;
    case DType::Q4_K:
      return GGML_TYPE_Q4_K;
  }
  return GGML_TYPE_COUNT;
}

}  // namespace detail

void write_gguf(const std::filesystem::path& path,
                std::span<const TensorRecipe> tensors,
                const Json& metadata) {
  const std::vector<std::byte> header = header_of(tensors, metadata);
  constexpr std::array<std::byte, GGUF_DEFAULT_ALIGNMENT> kPadding{};
  AtomicFile file(path);
  file.write(header);
  for (const TensorRecipe& tensor : tensors) {
    size_t length = 0;
    run_recipe(tensor, [&](std::span<const std::byte> bytes) {
      file.write(bytes);
      length += bytes.size();
    });
    const size_t rest = length % GGUF_DEFAULT_ALIGNMENT;
    if (rest != 0) file.write(std::span(kPadding).subspan(rest));
  }
  file.commit();
}

void write_gguf(const std::filesystem::path& path,
                std::span<const StoredTensor> tensors,
                const Json& metadata) {
  std::vector<TensorRecipe> recipes;
  for (const StoredTensor& tensor : tensors) {
    const auto count = element_count(tensor.shape);
    if (!count || dtype_bytes(tensor.dtype, *count) != tensor.bytes.size()) {
      throw Error(ErrorCode::InvalidRequest,
                  str("gguf: '",
                      tensor.name,
                      "' ",
                      dtype_name(tensor.dtype),
                      " ",
                      shape_str(tensor.shape),
                      " has ",
                      tensor.bytes.size(),
                      " bytes, which is not what its type and shape ask for"));
    }
    recipes.push_back(copy_recipe(tensor));
  }
  write_gguf(path, std::span<const TensorRecipe>(recipes), metadata);
}

}  // namespace ams
