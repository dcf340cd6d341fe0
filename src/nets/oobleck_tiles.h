// How a long input of the Oobleck autoencoder is cut so that it fits into memory and the result
// still equals the whole.
//
// Two cuts lie inside each other. Windows of latent frames, with the receptive field as overlap,
// bound the memory of the low-rate side. Inside a window the high-rate side, which needs most
// memory per frame, runs in segments; its receptive field is short, so little is computed twice.
#pragma once

#include <cstdint>
#include <vector>

#include "nets/latent_codec.h"
#include "nets/oobleck.h"

namespace ams {

struct OobleckTilePlan {
  int64_t split = 0;           // block before which the stack is cut in two
  int64_t window_frames = 0;   // latent frames of a window with its overlap
  int64_t segment_frames = 0;  // latent frames that one run of the high-rate side makes or reads
};

// Sizes that suit the device's memory. `options.tile_frames` overrides the window.
OobleckTilePlan plan_decoding(const Oobleck& net, const TileOptions& options);
OobleckTilePlan plan_encoding(const Oobleck& net, const TileOptions& options);

// A window and what is kept of its result, all in positions of the whole.
struct OobleckTile {
  Range input;   // latent frames, or samples from a multiple of the hop on
  Range output;  // samples, or latent frames
};

// Windows whose outputs follow each other without gap. `length`: latent frames, or samples.
std::vector<OobleckTile> decoding_tiles(const Oobleck& net,
                                        const TileOptions& options,
                                        int64_t window_frames,
                                        int64_t length);
std::vector<OobleckTile> encoding_tiles(const Oobleck& net,
                                        const TileOptions& options,
                                        int64_t window_frames,
                                        int64_t length);

// [0, length) in pieces of `size`, the last may be shorter.
std::vector<Range> cut(Range whole, int64_t size);
Range clip(Range range, int64_t length);

}  // namespace ams
