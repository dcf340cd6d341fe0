#include "cuda/emulator/guarded_memory.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace ams::simt {
namespace {

constexpr size_t kAlignment = 16;

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

}  // namespace

GuardedMemory::GuardedMemory(size_t bytes)
    : size_(round_up(std::max<size_t>(bytes, 1), kAlignment)) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t usable = round_up(size_, page);
  mapped_ = usable + page;
  pages_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages_ == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(pages_);
  mprotect(begin + usable, page, PROT_NONE);
  data_ = begin + usable - size_;
  poison();
}

GuardedMemory::~GuardedMemory() { munmap(pages_, mapped_); }

void GuardedMemory::poison() { std::memset(data_, 0xFF, size_); }

}  // namespace ams::simt
