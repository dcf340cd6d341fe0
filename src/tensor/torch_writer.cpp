#include "tensor/torch_writer.h"

#include <string>
#include <string_view>
#include <vector>

#include <zip.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// Opcodes of pickle protocol 2.
std::string pickle_text(std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  std::string code = "X";
  for (int shift = 0; shift < 32; shift += 8) code += static_cast<char>((length >> shift) & 0xFFu);
  return code.append(text);
}

std::string pickle_number(int64_t value) {
  const auto bits = static_cast<uint32_t>(value);
  std::string code = "J";
  for (int shift = 0; shift < 32; shift += 8) code += static_cast<char>((bits >> shift) & 0xFFu);
  return code;
}

std::string pickle_tuple(std::span<const int64_t> values) {
  std::string code = "(";
  for (const int64_t value : values) code += pickle_number(value);
  return code + "t";
}

// torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks).
std::string pickle_of(std::span<const int64_t> shape, int64_t count) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return str("\x80\x02",
             "ctorch._utils\n_rebuild_tensor_v2\n((",
             pickle_text("storage"),
             "ctorch\nFloatStorage\n",
             pickle_text("0"),
             pickle_text("cpu"),
             pickle_number(count),
             "tQ",
             pickle_number(0),
             pickle_tuple(shape),
             pickle_tuple(strides),
             "\x89",
             "ccollections\nOrderedDict\n)RtR.");
}

// An archive that is discarded unless it is closed.
class ZipFile {
 public:
  explicit ZipFile(const std::filesystem::path& path) : path_(path) {
    int code = 0;
    zip_ = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (zip_ != nullptr) return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(ErrorCode::NotFound, str("zip: cannot write ", path.string(), ": ", reason));
  }
  ~ZipFile() {
    if (zip_ != nullptr) zip_discard(zip_);
  }
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  // `bytes` must stay valid until close().
  void add(const std::string& name, std::span<const std::byte> bytes) {
    zip_source_t* source = zip_source_buffer(zip_, bytes.data(), bytes.size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(zip_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      if (source != nullptr) zip_source_free(source);
      throw_write();
    }
    if (zip_set_file_compression(zip_, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0) {
      throw_write();
    }
  }
  void close() {
    if (zip_close(zip_) != 0) throw_write();
    zip_ = nullptr;
  }

 private:
  [[noreturn]] void throw_write() const {
    throw Error(ErrorCode::Unsupported,
                str("zip: cannot write ", path_.string(), ": ", zip_strerror(zip_)));
  }

  std::filesystem::path path_;
  zip_t* zip_ = nullptr;
};

}  // namespace

void write_torch_tensor(const std::filesystem::path& path,
                        std::span<const int64_t> shape,
                        std::span<const float> values) {
  const std::string pickle = pickle_of(shape, static_cast<int64_t>(values.size()));
  constexpr std::string_view kOrder = "little";
  constexpr std::string_view kVersion = "3\n";
  const std::string folder = path.stem().string();
  ZipFile zip(path);
  zip.add(folder + "/data.pkl", std::as_bytes(std::span(pickle)));
  zip.add(folder + "/byteorder", std::as_bytes(std::span(kOrder)));
  zip.add(folder + "/data/0", std::as_bytes(values));
  zip.add(folder + "/version", std::as_bytes(std::span(kVersion)));
  zip.close();
}

}  // namespace ams
