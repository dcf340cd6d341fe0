#include "tensor/huge_pages.h"

#include <cstdint>

#include <ggml-backend.h>
#include <sys/mman.h>

namespace ams {

void advise_huge_pages(std::span<std::byte> memory) {
#if defined(MADV_HUGEPAGE)
  constexpr size_t kPage = size_t{1} << 21;
  const size_t before = (kPage - reinterpret_cast<uintptr_t>(memory.data()) % kPage) % kPage;
  if (memory.size() < before + kPage) return;
  const size_t whole = (memory.size() - before) / kPage * kPage;
  // A refusal changes the speed only.
  (void)madvise(memory.data() + before, whole, MADV_HUGEPAGE);
#else
  (void)memory;
#endif
}

void advise_huge_pages(ggml_backend_buffer* buffer) {
  if (!buffer || !ggml_backend_buffer_is_host(buffer)) return;
  advise_huge_pages({static_cast<std::byte*>(ggml_backend_buffer_get_base(buffer)),
                     ggml_backend_buffer_get_size(buffer)});
}

}  // namespace ams
