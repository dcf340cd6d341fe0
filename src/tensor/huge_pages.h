// Large memory in pages of 2 MiB: reading weights then misses the address cache hundreds of times
// less often.
#pragma once

struct ggml_backend_buffer;

namespace ams {

// Asks the system for large pages behind a buffer in the processor's memory that nothing was
// written to yet. Does nothing for other buffers, and where the system has no such pages.
void advise_huge_pages(ggml_backend_buffer* buffer);

}  // namespace ams
