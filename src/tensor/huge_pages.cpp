#include "tensor/huge_pages.h"

#include <cstdint>

#include <ggml-backend.h>
#include <sys/mman.h>

namespace ams {

void advise_huge_pages(ggml_backend_buffer* buffer) {
#if defined(MADV_HUGEPAGE)
  if (!buffer || !ggml_backend_buffer_is_host(buffer)) return;
  constexpr uintptr_t kPage = uintptr_t{1} << 21;
  const auto start = reinterpret_cast<uintptr_t>(ggml_backend_buffer_get_base(buffer));
  const uintptr_t end = (start + ggml_backend_buffer_get_size(buffer)) / kPage * kPage;
  const uintptr_t begin = (start + kPage - 1) / kPage * kPage;
  // A refusal changes the speed only.
  if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)buffer;
#endif
}

}  // namespace ams
