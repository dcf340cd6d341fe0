// Large memory in pages of 2 MiB: reading weights then misses the address cache hundreds of times
// less often.
#pragma once

#include <cstddef>
#include <span>

struct ggml_backend_buffer;

namespace ams {

// Asks the system for large pages behind memory that nothing was written to yet. Does nothing where
// the system has no such pages.
void advise_huge_pages(std::span<std::byte> memory);
// The same for a buffer, if it lies in the processor's memory.
void advise_huge_pages(ggml_backend_buffer* buffer);

}  // namespace ams
