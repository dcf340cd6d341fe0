#include "tensor/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/str.h"
#include "tensor/tensor_table.h"

namespace ams {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr int64_t kMaxDims = 16;
constexpr std::string_view kMetadataKey = "__metadata__";

[[noreturn]] void throw_corrupt(const std::string& what, const std::string& message) {
  throw Error(ErrorCode::CorruptFile, str("weights: ", what, " ", message));
}

// The JSON text between the length and the tensors' bytes.
std::string_view header_text(std::span<const std::byte> bytes, const std::string& what) {
  if (bytes.size() < kLengthBytes) {
    throw_corrupt(what,
                  str("has ",
                      bytes.size(),
                      " bytes, a safetensors file has at least ",
                      kLengthBytes,
                      "; it may be truncated"));
  }
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    length = (length << 8) | std::to_integer<uint64_t>(bytes[i]);
  }
  const size_t rest = bytes.size() - kLengthBytes;
  if (length > rest) {
    throw_corrupt(what,
                  str("states a header of ",
                      length,
                      " bytes, but ",
                      rest,
                      " bytes follow; it may be truncated or of another format"));
  }
  if (length > kMaxHeaderBytes) {
    throw Error(ErrorCode::Unsupported,
                str("weights: ",
                    what,
                    " has a header of ",
                    length,
                    " bytes, at most ",
                    kMaxHeaderBytes,
                    " are read"));
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data() + kLengthBytes);
  if (length == 0 || text[0] != '{') {
    throw_corrupt(what, "does not start with a JSON object; it may be of another format");
  }
  return {text, static_cast<size_t>(length)};
}

DType parse_dtype(const std::string& name, const std::string& label, const std::string& what) {
  if (!name.empty()) {
    for (const DTypeInfo& info : dtype_table()) {
      if (info.safetensors_name == name) return info.dtype;
    }
  }
  throw_corrupt(what, str("has the dtype '", name, "' for '", label, "', which is unknown"));
}

std::vector<int64_t> parse_shape(const Json& dims,
                                 const std::string& label,
                                 const std::string& what) {
  if (dims.size() > kMaxDims) {
    throw_corrupt(
        what,
        str("has ", dims.size(), " dimensions for '", label, "', at most ", kMaxDims, " are read"));
  }
  std::vector<int64_t> shape;
  for (int64_t i = 0; i < dims.size(); ++i) shape.push_back(dims.at(i).as_int());
  if (!element_count(shape)) {
    throw_corrupt(what,
                  str("has the shape ",
                      shape_str(shape),
                      " for '",
                      label,
                      "', which is negative or overflows"));
  }
  return shape;
}

// One member of the header; `data` are the bytes after it.
StoredTensor parse_tensor(const std::string& name,
                          const Json& entry,
                          std::span<const std::byte> data,
                          const std::string& what) {
  StoredTensor tensor;
  tensor.name = name;
  tensor.dtype = parse_dtype(entry.at("dtype").as_string(), name, what);
  if (!entry.at("shape").is_array()) throw_corrupt(what, str("has no shape for '", name, "'"));
  tensor.shape = parse_shape(entry.at("shape"), name, what);
  const Json offsets = entry.at("data_offsets");
  if (offsets.size() != 2 || entry.size() != 3) {
    throw_corrupt(what, str("needs exactly dtype, shape and two data_offsets for '", name, "'"));
  }
  const int64_t begin = offsets.at(int64_t{0}).as_int();
  const int64_t end = offsets.at(int64_t{1}).as_int();
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > data.size()) {
    throw_corrupt(what,
                  str("has bytes ",
                      begin,
                      " to ",
                      end,
                      " for '",
                      name,
                      "', but holds ",
                      data.size(),
                      " tensor bytes; it may be truncated"));
  }
  const size_t expected = dtype_bytes(tensor.dtype, *element_count(tensor.shape));
  const auto length = static_cast<size_t>(end - begin);
  if (length != expected) {
    throw_corrupt(what,
                  str("has ",
                      length,
                      " bytes for '",
                      name,
                      "', expected ",
                      expected,
                      " for ",
                      dtype_name(tensor.dtype),
                      " ",
                      shape_str(tensor.shape)));
  }
  tensor.bytes = data.subspan(static_cast<size_t>(begin), length);
  return tensor;
}

void check_metadata(const Json& metadata, const std::string& what) {
  if (!metadata.is_object()) throw_corrupt(what, "has a __metadata__ that is no object");
  metadata.for_each_member([&](const std::string& key, const Json& value) {
    if (!value.is_string()) throw_corrupt(what, str("has no string for the metadata '", key, "'"));
  });
}

// Sorts by position and requires that the ranges follow each other up to the end of the file.
void check_tiling(std::vector<StoredTensor>& tensors,
                  std::span<const std::byte> data,
                  const std::string& what) {
  // Empty tensors come before the tensor that starts at the same place.
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  size_t position = 0;
  for (const StoredTensor& tensor : tensors) {
    const auto begin = static_cast<size_t>(tensor.bytes.data() - data.data());
    if (begin != position) {
      throw_corrupt(what,
                    str("has '",
                        tensor.name,
                        "' at byte ",
                        begin,
                        ", expected ",
                        position,
                        begin < position ? ": it overlaps the tensor before it"
                                         : ": there is a gap before it"));
    }
    position += tensor.bytes.size();
  }
  if (position != data.size()) {
    throw_corrupt(
        what, str("has ", data.size(), " tensor bytes, but its header describes only ", position));
  }
}

}  // namespace

SafetensorsContent parse_safetensors(std::span<const std::byte> bytes, const std::string& what) {
  const std::string_view text = header_text(bytes, what);
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + text.size());
  const Json header = Json::parse(text, str("the header of ", what));
  SafetensorsContent content;
  content.metadata = Json::object();
  content.tensors.reserve(static_cast<size_t>(header.size()));
  header.for_each_member([&](const std::string& name, const Json& entry) {
    try {
      if (name == kMetadataKey) {
        check_metadata(entry, what);
        content.metadata = entry;
      } else {
        content.tensors.push_back(parse_tensor(name, entry, data, what));
      }
    } catch (const Error& error) {
      // A missing key or a wrong JSON type: here the file is at fault, not a request.
      if (error.code() != ErrorCode::InvalidRequest) throw;
      throw_corrupt(what, str("has a wrong header entry '", name, "': ", error.what()));
    }
  });
  check_tiling(content.tensors, data, what);
  return content;
}

std::shared_ptr<const WeightFile> open_safetensors(const std::filesystem::path& path) {
  auto file = std::make_shared<const MappedFile>(path);
  SafetensorsContent content = parse_safetensors(file->bytes(), path.string());
  for (StoredTensor& tensor : content.tensors) tensor.is_mapped = true;
  return std::make_shared<TensorTable>(
      path.string(), std::move(content.tensors), std::vector<std::shared_ptr<const void>>{file});
}

}  // namespace ams
