#include "base/error.h"
#include "nets/native_lm.h"

namespace ams {

std::unique_ptr<CausalLm> make_native_lm(const QwenLm&) {
  throw Error(ErrorCode::Unsupported, "lm: this build has no native kernels for graphics cards");
}

}  // namespace ams
