#include "tensor/node_context.h"

#include <algorithm>
#include <new>

#include <ggml.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {

static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= GGML_MEM_ALIGN);

NodeContext::NodeContext(size_t bytes) {
  const size_t size = GGML_PAD(std::max<size_t>(bytes, 1), GGML_MEM_ALIGN);
  memory_.reset(new (std::nothrow) std::byte[size]);
  if (memory_) context_.reset(ggml_init({size, memory_.get(), /*no_alloc=*/true}));
  if (!context_) {
    throw Error(
        ErrorCode::OutOfMemory,
        str("graph: ", size >> 10, " KiB for its nodes are not free; close other programs"));
  }
}

void NodeContext::Free::operator()(ggml_context* context) const { ggml_free(context); }

}  // namespace ams
