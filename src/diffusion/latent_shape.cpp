#include "diffusion/latent_shape.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {

void validate(const LatentShape& shape) {
  constexpr int64_t kMaxSize = int64_t{1} << 31;  // 8 GiB of float32, far above any song
  const bool positive = shape.batch > 0 && shape.frames > 0 && shape.channels > 0;
  if (!positive || shape.frames > kMaxSize / shape.channels ||
      shape.batch > kMaxSize / (shape.frames * shape.channels)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: latents have shape [",
                    shape.batch,
                    ", ",
                    shape.frames,
                    ", ",
                    shape.channels,
                    "], expected positive sizes and at most ",
                    kMaxSize,
                    " values"));
  }
}

void require_finite(std::span<const float> latents) {
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (std::all_of(latents.begin(), latents.end(), is_finite)) return;
  throw Error(ErrorCode::Internal,
              "diffusion: sampled latents contain infinities or NaN, expected finite values; the "
              "weights or the precision of the network may be wrong");
}

}  // namespace ams
