#include "tensor/torch_archive.h"

#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/str.h"
#include "tensor/pickle.h"
#include "tensor/tensor_table.h"
#include "tensor/zip_reader.h"

namespace ams {
namespace {

using Kind = PickleValue::Kind;

constexpr int kMaxDepth = 60;           // below the JSON reader's own limit
constexpr int64_t kMaxNodes = 200'000;  // values shared in a pickle count each time they are met
constexpr size_t kMaxTextBytes = size_t{64} << 20;
constexpr size_t kMaxPathBytes = 512;
constexpr size_t kMaxDims = 16;
constexpr std::string_view kPickleName = "/data.pkl";
constexpr std::string_view kBareTensorName = "tensor";

// The bytes that the tensors of an archive show.
struct TorchBytes {
  std::map<std::string, std::vector<std::byte>> storages;  // by key
  std::deque<std::vector<std::byte>> copies;               // of views that were not contiguous
};

// Shape, stride and offset of a tensor in its storage, all in elements.
struct View {
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;
  int64_t offset = 0;
  int64_t count = 0;
};

// Walks the pickled values once, making tensors and JSON. Confined to one call.
class Builder {
 public:
  Builder(const Pickle& pickle, const ZipReader& zip, const std::string& what, size_t copy_limit)
      : pickle_(pickle), zip_(zip), what_(what), copy_bytes_left_(copy_limit) {
    for (const auto& [name, size] : zip.entries()) {
      if (name.ends_with(kPickleName)) folder_ = name.substr(0, name.size() - kPickleName.size());
    }
  }

  TorchArchive build() {
    Json root;
    if (pickle_.at(pickle_.root).kind == Kind::TensorRef) {
      add_tensor(pickle_.at(pickle_.root), std::string(kBareTensorName));
    } else {
      root = convert(pickle_.root, "", 0);
    }
    auto table = std::make_shared<TensorTable>(
        what_, std::move(tensors_), std::vector<std::shared_ptr<const void>>{bytes_});
    return {std::move(table), std::move(root)};
  }

 private:
  [[noreturn]] void throw_corrupt(const std::string& message) const {
    throw Error(ErrorCode::CorruptFile, str("torch archive: ", what_, " ", message));
  }
  [[noreturn]] void throw_unsupported(const std::string& message) const {
    throw Error(ErrorCode::Unsupported, str("torch archive: ", what_, " ", message));
  }

  Json convert(uint32_t position, const std::string& path, int depth) {
    if (depth > kMaxDepth) throw_unsupported(str("is nested deeper than ", kMaxDepth, " levels"));
    const PickleValue& value = pickle_.at(position);
    spend(value);
    switch (value.kind) {
      case Kind::Bool:
        return Json(value.integer != 0);
      case Kind::Int:
        return Json(value.integer);
      case Kind::Float:
        return Json(value.real);
      case Kind::String:
      case Kind::Global:
        return Json(value.text);
      case Kind::Fraction:
        return fraction(value);
      case Kind::List:
      case Kind::Tuple:
        return convert_list(value, path, depth);
      case Kind::Dict:
        return convert_dict(value, path, depth);
      case Kind::TensorRef:
        add_tensor(value, path);
        return Json();
      case Kind::None:
      case Kind::StorageRef:
      case Kind::Opaque:
        return Json();
    }
    return Json();
  }

  // Values that a pickle shares are met, and copied, again and again.
  void spend(const PickleValue& value) {
    text_bytes_ += value.text.size();
    if (++nodes_ > kMaxNodes || text_bytes_ > kMaxTextBytes) {
      throw_unsupported(
          str("has more than ", kMaxNodes, " values or ", kMaxTextBytes, " bytes of text"));
    }
  }

  static Json fraction(const PickleValue& value) {
    Json json = Json::object();
    json.set("_type", "fraction");
    json.set("numerator", value.integer);
    json.set("denominator", value.denominator);
    return json;
  }

  Json convert_list(const PickleValue& list, const std::string& path, int depth) {
    Json json = Json::array();
    for (size_t i = 0; i < list.items.size(); ++i) {
      json.push_back(convert(list.items[i], join(path, std::to_string(i)), depth + 1));
    }
    return json;
  }

  Json convert_dict(const PickleValue& dict, const std::string& path, int depth) {
    Json json = Json::object();
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      spend(pickle_.at(dict.items[i]));
      const std::optional<std::string> key = key_text(pickle_.at(dict.items[i]));
      if (!key) continue;
      const bool is_state = depth == 0 && (*key == "state" || *key == "state_dict");
      const Json member =
          convert(dict.items[i + 1], is_state ? std::string() : join(path, *key), depth + 1);
      if (pickle_.at(dict.items[i + 1]).kind != Kind::TensorRef) json.set(*key, member);
    }
    return json;
  }

  static std::optional<std::string> key_text(const PickleValue& key) {
    if (key.kind == Kind::String) return key.text;
    if (key.kind == Kind::Int) return std::to_string(key.integer);
    return std::nullopt;
  }
  std::string join(const std::string& path, const std::string& key) const {
    if (path.size() + key.size() > kMaxPathBytes) {
      throw_unsupported(str("has a tensor name above ", kMaxPathBytes, " bytes"));
    }
    return path.empty() ? key : str(path, ".", key);
  }

  const std::vector<std::byte>& load_storage(const PickleValue& storage) {
    const auto known = bytes_->storages.find(storage.text);
    const std::vector<std::byte>& bytes =
        known != bytes_->storages.end()
            ? known->second
            : bytes_->storages.emplace(storage.text, zip_.read(storage_name(storage)))
                  .first->second;
    if (storage.integer < 0 || dtype_bytes(*storage.dtype, storage.integer) != bytes.size()) {
      throw_corrupt(str("has ",
                        bytes.size(),
                        " bytes in the storage '",
                        storage.text,
                        "', expected ",
                        storage.integer,
                        " elements of ",
                        dtype_name(*storage.dtype)));
    }
    return bytes;
  }
  std::string storage_name(const PickleValue& storage) const {
    return str(folder_, "/data/", storage.text);
  }

  std::vector<int64_t> integers(uint32_t position, const std::string& name) const {
    const PickleValue& tuple = pickle_.at(position);
    if (tuple.items.size() > kMaxDims) {
      throw_corrupt(str("has ", tuple.items.size(), " dimensions for '", name, "'"));
    }
    std::vector<int64_t> values;
    for (const uint32_t item : tuple.items) {
      if (pickle_.at(item).kind != Kind::Int) throw_corrupt(str("has no sizes for '", name, "'"));
      values.push_back(pickle_.at(item).integer);
    }
    return values;
  }

  // Reads a tensor's geometry and checks that its last element lies in the storage.
  View checked_view(const PickleValue& tensor, int64_t elements, const std::string& name) const {
    View view{integers(tensor.items[2], name), integers(tensor.items[3], name)};
    view.offset = pickle_.at(tensor.items[1]).integer;
    const std::optional<int64_t> count = element_count(view.shape);
    bool fits = count && view.shape.size() == view.stride.size() && view.offset >= 0;
    int64_t last = view.offset;
    for (size_t i = 0; fits && i < view.shape.size(); ++i) {
      int64_t reach = 0;
      fits = view.stride[i] >= 0 &&
             (view.shape[i] == 0 ||
              !__builtin_mul_overflow(view.shape[i] - 1, view.stride[i], &reach)) &&
             !__builtin_add_overflow(last, reach, &last);
    }
    if (!fits || (*count > 0 ? last >= elements : view.offset > elements)) {
      throw_corrupt(str("has the tensor '",
                        name,
                        "' ",
                        shape_str(view.shape),
                        " with stride ",
                        shape_str(view.stride),
                        " and offset ",
                        view.offset,
                        " outside its storage of ",
                        elements,
                        " elements"));
    }
    view.count = *count;
    for (size_t i = 0; i < view.shape.size(); ++i) {
      if (view.shape[i] == 1) view.stride[i] = 0;  // it means nothing and may be any number
    }
    return view;
  }

  static bool is_contiguous(const View& view) {
    int64_t expected = 1;
    for (size_t i = view.shape.size(); i-- > 0;) {
      if (view.shape[i] != 1 && view.stride[i] != expected) return false;
      expected *= view.shape[i];
    }
    return true;
  }

  std::span<const std::byte> copy_view(const std::vector<std::byte>& storage,
                                       const View& view,
                                       DType dtype,
                                       const std::string& name) {
    // A view of its storage, not a repetition of it: bounds the memory by the file's size.
    const size_t size = dtype_bytes(dtype, view.count);
    const size_t width = dtype_bytes(dtype, 1);
    if (size > storage.size() || size > copy_bytes_left_) {
      throw_unsupported(str("repeats its storage in the tensor '", name, "'"));
    }
    copy_bytes_left_ -= size;
    std::vector<std::byte>& copy = bytes_->copies.emplace_back(size);
    std::vector<int64_t> index(view.shape.size(), 0);
    int64_t position = view.offset;
    for (int64_t i = 0; i < view.count; ++i) {
      std::memcpy(copy.data() + static_cast<size_t>(i) * width,
                  storage.data() + static_cast<size_t>(position) * width,
                  width);
      for (size_t axis = index.size(); axis-- > 0;) {
        position += view.stride[axis];
        if (++index[axis] < view.shape[axis]) break;
        position -= view.stride[axis] * view.shape[axis];
        index[axis] = 0;
      }
    }
    return copy;
  }

  void add_tensor(const PickleValue& tensor, const std::string& name) {
    const PickleValue& storage = pickle_.at(tensor.items[0]);
    const std::vector<std::byte>& bytes = load_storage(storage);
    const View view = checked_view(tensor, storage.integer, name);
    const size_t width = dtype_bytes(*storage.dtype, 1);
    StoredTensor stored{name, *storage.dtype, view.shape, {}};
    if (view.count > 0 && is_contiguous(view)) {
      stored.bytes = std::span<const std::byte>(bytes).subspan(
          static_cast<size_t>(view.offset) * width, static_cast<size_t>(view.count) * width);
    } else if (view.count > 0) {
      stored.bytes = copy_view(bytes, view, *storage.dtype, name);
    }
    tensors_.push_back(std::move(stored));
  }

  const Pickle& pickle_;
  const ZipReader& zip_;
  const std::string& what_;
  std::string folder_;
  size_t copy_bytes_left_;
  int64_t nodes_ = 0;
  size_t text_bytes_ = 0;
  std::vector<StoredTensor> tensors_;
  // Shared with the table of tensors, which outlives this builder.
  std::shared_ptr<TorchBytes> bytes_ = std::make_shared<TorchBytes>();
};

// The one entry that ends in "/data.pkl".
std::string find_pickle(const ZipReader& zip, const std::string& what) {
  std::string found;
  for (const auto& [name, size] : zip.entries()) {
    if (!name.ends_with(kPickleName)) continue;
    if (!found.empty()) {
      throw Error(ErrorCode::CorruptFile,
                  str("torch archive: ", what, " has two pickles, ", found, " and ", name));
    }
    found = name;
  }
  if (found.empty()) {
    throw Error(ErrorCode::CorruptFile,
                str("torch archive: ", what, " has no data.pkl; it may not be from torch.save"));
  }
  return found;
}

void check_byte_order(const ZipReader& zip, const std::string& folder, const std::string& what) {
  const std::string name = str(folder, "/byteorder");
  if (!zip.entries().contains(name)) return;
  const std::vector<std::byte> bytes = zip.read(name);
  const std::string order(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (order != "little") {
    throw Error(ErrorCode::Unsupported,
                str("torch archive: ", what, " is not of little-endian byte order"));
  }
}

}  // namespace

TorchArchive parse_torch_archive(std::span<const std::byte> bytes, const std::string& what) {
  constexpr std::string_view kMagic = "PK\3\4";
  if (bytes.size() < kMagic.size() ||
      std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    throw Error(ErrorCode::Unsupported,
                str("torch archive: ",
                    what,
                    " is no zip archive; files of PyTorch before 1.6 are not read"));
  }
  const ZipReader zip(bytes, what);
  const std::string pickle_name = find_pickle(zip, what);
  check_byte_order(zip, pickle_name.substr(0, pickle_name.size() - kPickleName.size()), what);
  const Pickle pickle = read_pickle(zip.read(pickle_name), str(what, ":", pickle_name));
  return Builder(pickle, zip, what, /*copy_limit=*/2 * bytes.size()).build();
}

TorchArchive read_torch_archive(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_torch_archive(file.bytes(), path.string());
}

}  // namespace ams
