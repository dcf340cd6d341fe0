// Source audio of a task: how far it is padded, which frames are generated anew, its latents.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include "base/array.h"
#include "nets/latent_codec.h"

namespace ams {

// A zone of the source in seconds. A negative start or an end behind the source asks for new music
// before or after it.
struct RepaintSpan {
  double start_seconds = 0.0;
  std::optional<double> end_seconds;  // absent or negative: the end of the source
};

// The same zone once the source is padded. Frames are latent frames of the padded source.
struct PaddedSpan {
  double start_seconds = 0.0;
  double end_seconds = 0.0;
  int64_t leading_samples = 0;   // zeros put before the source
  int64_t trailing_samples = 0;  // zeros put behind it
  int64_t first_frame = 0;
  int64_t end_frame = 0;  // exclusive, > first_frame
};

// `samples`: of the source. `hop`: samples of one latent frame.
// Throws InvalidRequest if the zone is empty after padding.
PaddedSpan pad_span(const RepaintSpan& span, int64_t samples, int64_t sample_rate, int64_t hop);

// audio [2, N] with zeros on both sides.
FloatArray pad_audio(const FloatArray& audio, int64_t leading, int64_t trailing);

// Draws of the posterior, [1, C, T]; empty: its mean is taken.
using PosteriorNoise = std::function<void(std::span<float> noise)>;

// audio [2, N] -> latents [T, C]. Silence (every sample below 1e-6) becomes the silence latents
// instead of being encoded, as in the reference. Throws as LatentCodec::encode().
FloatArray encode_audio(LatentCodec& codec,
                        const FloatArray& audio,
                        const FloatArray& silence,
                        const PosteriorNoise& posterior_noise,
                        const TileOptions& tiles);

// decoded [2, N] <- source [2, N'] outside of [start, end), with linear ramps of
// `crossfade_seconds` outside the zone. Samples behind the shorter of both stay as decoded.
void splice_source(FloatArray& decoded,
                   const FloatArray& source,
                   const PaddedSpan& span,
                   double crossfade_seconds,
                   int64_t sample_rate);

}  // namespace ams
