// The official program's tiling (handler functions tiled_decode and tiled_encode), kept to
// reproduce its results. LatentCodec::decode and encode equal the whole; these need not.
#pragma once

#include <cstdint>
#include <functional>

#include "nets/latent_codec.h"

namespace ams {

struct OfficialTiles {
  int64_t chunk = 0;    // latent frames when decoding, samples when encoding; > 0
  int64_t overlap = 0;  // on each side, same unit; halved while decoding until a core remains
  std::stop_token stop;
};

// Normal noise [B, latent_channels, frames] for window `index`.
using WindowNoise = std::function<FloatArray(int64_t index, int64_t frames)>;

// As LatentCodec::decode. Throws InvalidRequest if chunk and overlap leave no core.
FloatArray decode_official(LatentCodec& codec,
                           const FloatArray& latents,
                           const OfficialTiles& tiles);

// Latents mean + std * noise, [B, latent_channels, T]. An empty `noise` gives the means.
FloatArray encode_official(LatentCodec& codec,
                           const FloatArray& audio,
                           const OfficialTiles& tiles,
                           const WindowNoise& noise);

}  // namespace ams
