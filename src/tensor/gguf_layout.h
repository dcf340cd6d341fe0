// What reading and writing our GGUF files share.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <ggml.h>
#include <gguf.h>

#include "tensor/dtype.h"

namespace ams::detail {

inline constexpr const char* kGgufTensorsKey = "ams.tensors";
inline constexpr const char* kGgufMetadataKey = "ams.metadata";

struct FreeGguf {
  void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufContext = std::unique_ptr<gguf_context, FreeGguf>;

// ggml's type for a stored one. It has no U8 and no Bool: both lie in I8.
ggml_type ggml_type_of(DType dtype);

}  // namespace ams::detail
