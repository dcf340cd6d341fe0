// Regenerating a zone of a song while the rest stays: rules of ACE-Step 1.5's repaint task. A mask
// holds one byte per frame, [B, T]: not 0 = generate the frame, 0 = keep the source.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "diffusion/latent_shape.h"

namespace ams {

enum class RepaintMode { Conservative, Balanced, Aggressive };

// A choice of the mode by name.
struct RepaintModeInfo {
  RepaintMode mode;
  std::string_view name;
  std::string_view label;
};
std::span<const RepaintModeInfo> repaint_modes();

// Throws InvalidRequest on an unknown name.
RepaintMode find_repaint_mode(std::string_view name);

struct RepaintSettings {
  double injection_ratio = 0.5;      // share of the steps that inject the source, in [0, 1]
  int64_t crossfade_frames = 12;     // latent ramp outside the zone; 0 = no blend
  double crossfade_seconds = 0.025;  // ramp of the decoded audio
};

// strength: in [0, 1], only for Balanced; higher regenerates more. Crossfade frames round half to
// even, as Python does. Throws InvalidRequest outside the range.
RepaintSettings repaint_settings(RepaintMode mode, double strength);

// Number of first steps after which the source is injected: round(ratio steps), half to even.
int64_t injection_steps(double injection_ratio, int64_t steps);

// Kept frames <- t noise + (1 - t) clean, where t is the level the latents have now; the others
// stay. noise, clean, latents: [B, T, C].
void inject_source(const LatentShape& shape,
                   std::span<const uint8_t> mask,
                   std::span<const float> noise,
                   std::span<const float> clean,
                   float t,
                   std::span<float> latents);

// Weight of the generated part: 1 in [begin, end), linear ramps of up to `crossfade` values outside
// of it, 0 elsewhere. Serves frames and audio samples. 0 <= begin <= end <= total.
std::vector<float> crossfade_weights(int64_t total, int64_t begin, int64_t end, int64_t crossfade);

// latents <- w latents + (1 - w) clean, w = the weights above for each item's zone (first to last
// frame that is not 0). An item whose zone is empty or everything stays.
void blend_source(const LatentShape& shape,
                  std::span<const uint8_t> mask,
                  std::span<const float> clean,
                  int64_t crossfade_frames,
                  std::span<float> latents);

}  // namespace ams
