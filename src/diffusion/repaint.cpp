#include "diffusion/repaint.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<RepaintModeInfo, 3> kModes{{
    {RepaintMode::Conservative, "conservative", "Stay close to the source"},
    {RepaintMode::Balanced, "balanced", "Balanced by strength"},
    {RepaintMode::Aggressive, "aggressive", "Ignore the source outside the zone"},
}};

// std::nearbyint rounds half to even in the default floating point environment.
int64_t round_half_to_even(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

}  // namespace

std::span<const RepaintModeInfo> repaint_modes() { return kModes; }

RepaintMode find_repaint_mode(std::string_view name) {
  for (const RepaintModeInfo& info : kModes) {
    if (info.name == name) return info.mode;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: repaint mode '",
                  name,
                  "' is unknown, expected conservative, balanced or aggressive"));
}

RepaintSettings repaint_settings(RepaintMode mode, double strength) {
  if (!(strength >= 0.0 && strength <= 1.0)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: repaint strength is ", strength, ", expected 0 to 1"));
  }
  constexpr double kMaxFrames = 25.0;
  constexpr double kMaxSeconds = 0.05;
  double caution = 1.0 - strength;
  if (mode == RepaintMode::Conservative) caution = 1.0;
  if (mode == RepaintMode::Aggressive) caution = 0.0;
  return {.injection_ratio = caution,
          .crossfade_frames = round_half_to_even(kMaxFrames * caution),
          .crossfade_seconds = kMaxSeconds * caution};
}

int64_t injection_steps(double injection_ratio, int64_t steps) {
  return round_half_to_even(injection_ratio * static_cast<double>(steps));
}

void inject_source(const LatentShape& shape,
                   std::span<const uint8_t> mask,
                   std::span<const float> noise,
                   std::span<const float> clean,
                   float t,
                   std::span<float> latents) {
  const auto channels = static_cast<size_t>(shape.channels);
  for (size_t frame = 0; frame < mask.size(); ++frame) {
    if (mask[frame] != 0) continue;
    for (size_t i = frame * channels; i < (frame + 1) * channels; ++i) {
      latents[i] = t * noise[i] + (1.0f - t) * clean[i];
    }
  }
}

std::vector<float> crossfade_weights(int64_t total, int64_t begin, int64_t end, int64_t crossfade) {
  std::vector<float> weights(static_cast<size_t>(total), 0.0f);
  std::fill(weights.begin() + begin, weights.begin() + end, 1.0f);
  const int64_t left = std::min(crossfade, begin);
  for (int64_t j = 0; j < left; ++j) {
    weights[static_cast<size_t>(begin - left + j)] =
        static_cast<float>(j + 1) / static_cast<float>(left + 1);
  }
  const int64_t right = std::min(crossfade, total - end);
  for (int64_t j = 0; j < right; ++j) {
    weights[static_cast<size_t>(end + j)] =
        1.0f - static_cast<float>(j + 1) / static_cast<float>(right + 1);
  }
  return weights;
}

void blend_source(const LatentShape& shape,
                  std::span<const uint8_t> mask,
                  std::span<const float> clean,
                  int64_t crossfade_frames,
                  std::span<float> latents) {
  const auto frames = static_cast<size_t>(shape.frames);
  const auto channels = static_cast<size_t>(shape.channels);
  const auto is_generated = [](uint8_t value) { return value != 0; };
  for (size_t item = 0; item < static_cast<size_t>(shape.batch); ++item) {
    const std::span<const uint8_t> row = mask.subspan(item * frames, frames);
    const auto first = std::find_if(row.begin(), row.end(), is_generated);
    const auto last = std::find_if(row.rbegin(), row.rend(), is_generated);
    const int64_t begin = first - row.begin();
    const int64_t end = row.rend() - last;
    if (begin >= end || end - begin == shape.frames) continue;
    const std::vector<float> weights =
        crossfade_weights(shape.frames, begin, end, crossfade_frames);
    for (size_t i = 0; i < shape.item_size(); ++i) {
      const float weight = weights[i / channels];
      float& value = latents[item * shape.item_size() + i];
      value = weight * value + (1.0f - weight) * clean[item * shape.item_size() + i];
    }
  }
}

}  // namespace ams
