#include "studio/post/stem_archive.h"

#include <string>

#include <zip.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr zip_uint16_t kFirstDosDate = (1 << 5) | 1;  // 1 January 1980

// Libzip writes beside the target and renames when it closes the archive.
class StoredZip {
 public:
  explicit StoredZip(const std::filesystem::path& path) : path_(path) {
    int code = 0;
    zip_ = zip_open(path.string().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (zip_ != nullptr) return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(ErrorCode::NotFound, str("zip: '", path.string(), "' cannot be written: ", reason));
  }
  ~StoredZip() {
    if (zip_ != nullptr) zip_discard(zip_);
  }
  StoredZip(const StoredZip&) = delete;
  StoredZip& operator=(const StoredZip&) = delete;

  void add(const std::filesystem::path& file) {
    zip_source_t* const source = zip_source_file(zip_, file.string().c_str(), 0, -1);
    if (source == nullptr) fail();
    const std::string name = file.filename().string();
    const zip_int64_t index = zip_file_add(zip_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      fail();
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(zip_, entry, ZIP_CM_STORE, 0) != 0) fail();
    if (zip_file_set_dostime(zip_, entry, 0, kFirstDosDate, 0) != 0) fail();
  }

  void close() {
    if (zip_close(zip_) != 0) fail();
    zip_ = nullptr;
  }

 private:
  [[noreturn]] void fail() {
    throw Error(ErrorCode::Internal,
                str("zip: '",
                    path_.string(),
                    "' cannot be written: ",
                    zip_strerror(zip_),
                    "; free space there or choose another folder"));
  }

  std::filesystem::path path_;
  zip_t* zip_ = nullptr;
};

}  // namespace

void write_stored_zip(const std::filesystem::path& path,
                      std::span<const std::filesystem::path> files) {
  StoredZip zip(path);
  for (const std::filesystem::path& file : files) zip.add(file);
  zip.close();
}

}  // namespace ams
