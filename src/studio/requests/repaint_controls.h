// How much of a source stays around a zone that is made anew: what Extend and Edit share.
#pragma once

#include <cstdint>

#include "base/fields.h"
#include "diffusion/repaint.h"

namespace ams {

enum class ChunkMask { Auto, Explicit };

// A value type.
struct RepaintControls {
  RepaintMode repaint_mode = RepaintMode::Balanced;
  double repaint_strength = 0.5;  // 0-1, balanced only; 1 = ignore the source's neighbourhood
  int64_t latent_crossfade_frames = 10;  // 0-30, 25 a second
  ChunkMask chunk_mask = ChunkMask::Auto;
  double crossfade_seconds = 0;  // 0-5, of the audio
};

// The rows. They point into the argument.
Fields fields(RepaintControls& controls);

// For the sampler. The audio is joined by the modes themselves, so its crossfade is 0 here.
RepaintSettings sampler_settings(const RepaintControls& controls);

}  // namespace ams
