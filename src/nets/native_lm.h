// Which implementation of the language models a device has beside ggml's.
#pragma once

#include <memory>

#include "nets/qwen_lm.h"

namespace ams {

// Our kernels for `lm`, which must outlive the result. Throws Unsupported in a build without them.
std::unique_ptr<CausalLm> make_native_lm(const QwenLm& lm);

}  // namespace ams
