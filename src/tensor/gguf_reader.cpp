#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/str.h"
#include "tensor/gguf_file.h"
#include "tensor/gguf_layout.h"
#include "tensor/tensor_table.h"

namespace ams {
namespace {

// ggml compares each name with all before it: more than this would take minutes.
constexpr uint64_t kMaxTensors = 20'000;
constexpr uint64_t kMaxKeys = 1'000;
constexpr size_t kFixedBytes = 24;  // magic, version, counts of tensors and keys
constexpr int64_t kMaxDims = 16;

[[noreturn]] void throw_corrupt(const std::string& what, const std::string& message) {
  throw Error(ErrorCode::CorruptFile, str("gguf: ", what, " ", message));
}

// What ggml would read without a limit.
void check_fixed_part(std::span<const std::byte> bytes, const std::string& what) {
  if (bytes.size() < kFixedBytes || std::memcmp(bytes.data(), GGUF_MAGIC, 4) != 0) {
    throw_corrupt(what, "does not start with a GGUF header; it may be truncated");
  }
  uint64_t tensors = 0;
  uint64_t keys = 0;
  std::memcpy(&tensors, bytes.data() + 8, sizeof(tensors));
  std::memcpy(&keys, bytes.data() + 16, sizeof(keys));
  if (tensors > kMaxTensors || keys > kMaxKeys) {
    throw_corrupt(what,
                  str("states ",
                      tensors,
                      " tensors and ",
                      keys,
                      " keys, at most ",
                      kMaxTensors,
                      " and ",
                      kMaxKeys,
                      " are read"));
  }
}

Json json_value(const gguf_context* context, const char* key, const std::string& what) {
  const int64_t id = gguf_find_key(context, key);
  if (id < 0 || gguf_get_kv_type(context, id) != GGUF_TYPE_STRING) {
    throw Error(ErrorCode::Unsupported,
                str("gguf: ", what, " has no text '", key, "'; it is not from this program"));
  }
  return Json::parse(gguf_get_val_str(context, id), str(what, ":", key));
}

DType dtype_named(const std::string& name, const std::string& what) {
  for (const DTypeInfo& info : dtype_table()) {
    if (info.name == name) return info.dtype;
  }
  throw_corrupt(what, str("has the unknown dtype '", name, "'"));
}

// Tensor `id` as its entry describes it, checked against what ggml read.
StoredTensor checked_tensor(const gguf_context* context,
                            int64_t id,
                            const Json& entry,
                            std::span<const std::byte> data,
                            const std::string& what) {
  StoredTensor tensor;
  tensor.name = entry.at("name").as_string();
  tensor.dtype = dtype_named(entry.at("dtype").as_string(), what);
  const Json dims = entry.at("shape");
  if (!dims.is_array() || dims.size() > kMaxDims) {
    throw_corrupt(what, str("has no shape for '", tensor.name, "'"));
  }
  for (int64_t i = 0; i < dims.size(); ++i) tensor.shape.push_back(dims.at(i).as_int());
  const auto count = element_count(tensor.shape);
  if (!count) throw_corrupt(what, str("has a wrong shape for '", tensor.name, "'"));
  const size_t length = dtype_bytes(tensor.dtype, *count);
  const size_t offset = gguf_get_tensor_offset(context, id);
  const std::span<const int64_t> matrix(gguf_get_tensor_ne(context, id), GGML_MAX_DIMS);
  if (gguf_get_tensor_type(context, id) != detail::ggml_type_of(tensor.dtype) ||
      element_count(matrix) != count) {
    throw_corrupt(what, str("holds another type or size than listed for '", tensor.name, "'"));
  }
  if (offset > data.size() || length > data.size() - offset) {
    throw_corrupt(what, str("ends before '", tensor.name, "' does; it may be truncated"));
  }
  tensor.bytes = data.subspan(offset, length);
  tensor.is_mapped = true;
  return tensor;
}

}  // namespace

GgufContent read_gguf(const std::filesystem::path& path) {
  const std::string what = path.string();
  auto file = std::make_shared<const MappedFile>(path);
  check_fixed_part(file->bytes(), what);
  const gguf_init_params params{/*no_alloc=*/true, /*ctx=*/nullptr};
  const detail::GgufContext context(
      gguf_init_from_buffer(file->bytes().data(), file->size(), params));
  if (!context) throw_corrupt(what, "has a header that ggml cannot read; it may be truncated");
  const Json entries = json_value(context.get(), detail::kGgufTensorsKey, what);
  const int64_t count = gguf_get_n_tensors(context.get());
  if (!entries.is_array() || entries.size() != count) {
    throw_corrupt(what, str("describes ", entries.size(), " tensors, but holds ", count));
  }
  const size_t start = std::min(gguf_get_data_offset(context.get()), file->size());
  std::vector<StoredTensor> tensors;
  for (int64_t id = 0; id < count; ++id) {
    try {
      tensors.push_back(
          checked_tensor(context.get(), id, entries.at(id), file->bytes().subspan(start), what));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::InvalidRequest) throw;
      throw_corrupt(what, str("has a wrong entry for tensor ", id, ": ", error.what()));
    }
  }
  Json metadata = json_value(context.get(), detail::kGgufMetadataKey, what);
  auto table = std::make_shared<TensorTable>(
      what, std::move(tensors), std::vector<std::shared_ptr<const void>>{file});
  return {std::move(table), std::move(metadata)};
}

}  // namespace ams
