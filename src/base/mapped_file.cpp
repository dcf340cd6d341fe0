#include "base/mapped_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// An open file descriptor; the map outlives it.
class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path)
      : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (value_ < 0) {
      throw Error(ErrorCode::NotFound,
                  str("file: cannot open ", path.string(), ": ", std::strerror(errno)));
    }
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

void unmap(std::span<const std::byte> bytes) {
  // munmap takes a writable pointer although it writes nothing.
  if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
}

int advice_number(MappedFile::Advice advice) {
  switch (advice) {
    case MappedFile::Advice::Sequential:
      return MADV_SEQUENTIAL;
    case MappedFile::Advice::Random:
      return MADV_RANDOM;
    case MappedFile::Advice::WillNeed:
      return MADV_WILLNEED;
    case MappedFile::Advice::DontNeed:
      return MADV_DONTNEED;
  }
  return MADV_NORMAL;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const Descriptor file(path);
  struct stat info {};
  if (::fstat(file.value(), &info) != 0) {
    throw Error(ErrorCode::NotFound,
                str("file: cannot stat ", path.string(), ": ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::Unsupported, str("file: ", path.string(), " is not a regular file"));
  }
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value(), 0);
  if (address == MAP_FAILED) {
    throw Error(
        ErrorCode::OutOfMemory,
        str("file: cannot map ", size, " bytes of ", path.string(), ": ", std::strerror(errno)));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() { unmap(bytes_); }

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    unmap(bytes_);
    path_ = std::move(other.path_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

std::span<const std::byte> MappedFile::range(size_t offset, size_t length) const {
  if (offset > size() || length > size() - offset) {
    throw Error(ErrorCode::CorruptFile,
                str("file: ",
                    path_.string(),
                    " has ",
                    size(),
                    " bytes, but ",
                    length,
                    " bytes from offset ",
                    offset,
                    " are needed; it may be truncated"));
  }
  return bytes_.subspan(offset, length);
}

void MappedFile::advise(Advice advice, size_t offset, size_t length) const {
  if (offset >= size() || length == 0) return;
  length = std::min(length, size() - offset);
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t start = offset / page * page;
  auto* address = const_cast<std::byte*>(bytes_.data() + start);
  // A hint: nothing depends on its result.
  (void)::madvise(address, offset + length - start, advice_number(advice));
}

void give_back_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size()) / page * page;
  if (end > begin) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace ams
