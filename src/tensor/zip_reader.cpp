#include "tensor/zip_reader.h"

#include <utility>

#include <zip.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr zip_int64_t kMaxEntries = 100'000;

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

bool is_safe_name(const std::string& name) {
  const std::string framed = str("/", name, "/");
  return !name.empty() && name.front() != '/' && framed.find("/../") == std::string::npos &&
         name.find('\\') == std::string::npos && is_utf8(name);
}

}  // namespace

struct ZipReader::Handle {
  Handle(std::span<const std::byte> archive, const std::string& what) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(archive.data(), archive.size(), 0, &error);
    if (source != nullptr) {
      zip = zip_open_from_source(source, ZIP_RDONLY, &error);
      if (zip == nullptr) zip_source_free(source);
    }
    const std::string reason = zip == nullptr ? zip_error_strerror(&error) : "";
    zip_error_fini(&error);
    if (zip == nullptr) {
      throw Error(
          ErrorCode::CorruptFile,
          str("zip: ", what, " is not a readable archive: ", reason, "; it may be truncated"));
    }
  }
  ~Handle() { zip_discard(zip); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  zip_t* zip = nullptr;
};

ZipReader::ZipReader(std::span<const std::byte> archive, std::string what)
    : what_(std::move(what)), handle_(std::make_unique<Handle>(archive, what_)) {
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  if (count > kMaxEntries) {
    throw Error(
        ErrorCode::Unsupported,
        str("zip: ", what_, " has ", count, " entries, at most ", kMaxEntries, " are read"));
  }
  uint64_t rest = archive.size();
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t info;
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    const auto position = static_cast<zip_uint64_t>(i);
    const int result = zip_stat_index(handle_->zip, position, ZIP_FL_ENC_RAW, &info);
    if (result != 0 || (info.valid & kNeeded) != kNeeded || !is_safe_name(info.name)) {
      throw Error(ErrorCode::CorruptFile,
                  str("zip: ", what_, " has an unreadable or unsafe name for entry ", i));
    }
    if (info.comp_method != ZIP_CM_STORE || info.encryption_method != ZIP_EM_NONE) {
      throw Error(ErrorCode::Unsupported,
                  str("zip: ",
                      what_,
                      " has a compressed or encrypted entry '",
                      info.name,
                      "', expected it to be stored"));
    }
    if (info.size > rest) {
      throw Error(ErrorCode::CorruptFile,
                  str("zip: ", what_, " has entries larger than itself, at '", info.name, "'"));
    }
    rest -= info.size;
    if (!sizes_.emplace(info.name, static_cast<size_t>(info.size)).second) {
      throw Error(ErrorCode::CorruptFile,
                  str("zip: ", what_, " has the entry '", info.name, "' twice"));
    }
    positions_.emplace(info.name, position);
  }
}

ZipReader::~ZipReader() = default;

std::vector<std::byte> ZipReader::read(const std::string& name) const {
  const auto size = sizes_.find(name);
  if (size == sizes_.end()) {
    throw Error(ErrorCode::CorruptFile,
                str("zip: ", what_, " has no entry '", name, "'; it may be incomplete"));
  }
  const std::unique_ptr<zip_file_t, CloseFile> file(
      zip_fopen_index(handle_->zip, positions_.at(name), 0));
  std::vector<std::byte> bytes(size->second);
  size_t done = 0;
  zip_int64_t got = file ? 1 : -1;
  // The read after the last byte is the one that reports a wrong CRC.
  while (got > 0) {
    std::byte beyond{};
    const bool complete = done == bytes.size();
    got = zip_fread(
        file.get(), complete ? &beyond : bytes.data() + done, complete ? 1 : bytes.size() - done);
    if (complete && got > 0) got = -1;
    if (got > 0) done += static_cast<size_t>(got);
  }
  if (got < 0 || done != bytes.size()) {
    throw Error(ErrorCode::CorruptFile,
                str("zip: ",
                    what_,
                    " has a damaged entry '",
                    name,
                    "': its bytes do not match its size and checksum"));
  }
  return bytes;
}

}  // namespace ams
