#include "studio/modes/song_source.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/repaint.h"
#include "studio/modes/prepare_conditions.h"

namespace ams {

PaddedSpan pad_span(const RepaintSpan& span, int64_t samples, int64_t sample_rate, int64_t hop) {
  const double rate = static_cast<double>(sample_rate);
  const double source_seconds = static_cast<double>(samples) / rate;
  const bool to_the_end = !span.end_seconds || *span.end_seconds < 0.0;
  const double end = to_the_end ? source_seconds : *span.end_seconds;
  const double left = std::max(0.0, -span.start_seconds);
  const double right = std::max(0.0, end - source_seconds);
  PaddedSpan padded;
  padded.start_seconds = span.start_seconds + left;
  padded.end_seconds = end + left;
  // Python's int() truncates; the products are not rounded first.
  padded.leading_samples = static_cast<int64_t>(left * rate);
  padded.trailing_samples = static_cast<int64_t>(right * rate);
  if (!(padded.end_seconds > padded.start_seconds)) {
    throw Error(ErrorCode::InvalidRequest,
                str("repaint: the segment from ",
                    span.start_seconds,
                    " s to ",
                    end,
                    " s is empty; its end must lie behind its start"));
  }
  const int64_t frames = (samples + padded.leading_samples + padded.trailing_samples) / hop;
  const auto frame_of = [&](double seconds) {
    return static_cast<int64_t>(std::floor(seconds * rate / static_cast<double>(hop)));
  };
  const int64_t last = std::max<int64_t>(0, frames - 1);
  padded.first_frame = std::clamp<int64_t>(frame_of(padded.start_seconds), 0, last);
  padded.end_frame = std::clamp<int64_t>(frame_of(padded.end_seconds),
                                         padded.first_frame + 1,
                                         std::max(frames, padded.first_frame + 1));
  return padded;
}

FloatArray pad_audio(const FloatArray& audio, int64_t leading, int64_t trailing) {
  FloatArray padded({audio.dim(0), leading + audio.dim(1) + trailing});
  for (int64_t channel = 0; channel < audio.dim(0); ++channel) {
    const std::span<const float> from = audio.row(channel);
    std::copy(from.begin(), from.end(), padded.row(channel).begin() + leading);
  }
  return padded;
}

FloatArray encode_audio(LatentCodec& codec,
                        const FloatArray& audio,
                        const FloatArray& silence,
                        const PosteriorNoise& posterior_noise,
                        const TileOptions& tiles) {
  constexpr float kSilent = 1e-6f;
  const bool silent = std::all_of(
      audio.data.begin(), audio.data.end(), [](float x) { return std::abs(x) < kSilent; });
  if (silent) return silence_frames(silence, audio.dim(1) / codec.hop_samples());
  const LatentPosterior posterior =
      codec.encode(FloatArray({1, audio.dim(0), audio.dim(1)}, audio.data), tiles);
  std::vector<float> values = posterior.mean.data;
  if (posterior_noise) {
    std::vector<float> noise(values.size());
    posterior_noise(noise);
    for (size_t i = 0; i < values.size(); ++i) values[i] += posterior.std.data[i] * noise[i];
  }
  const int64_t channels = posterior.mean.dim(1);
  const int64_t frames = posterior.mean.dim(2);
  FloatArray latents({frames, channels});
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < frames; ++t) {
      latents.data[static_cast<size_t>(t * channels + c)] =
          values[static_cast<size_t>(c * frames + t)];
    }
  }
  return latents;
}

void splice_source(FloatArray& decoded,
                   const FloatArray& source,
                   const PaddedSpan& span,
                   double crossfade_seconds,
                   int64_t sample_rate) {
  const auto rate = static_cast<double>(sample_rate);
  const int64_t total = std::min(decoded.dim(1), source.dim(1));
  const int64_t begin =
      std::clamp<int64_t>(static_cast<int64_t>(span.start_seconds * rate), 0, total);
  const int64_t end =
      std::clamp<int64_t>(static_cast<int64_t>(span.end_seconds * rate), begin, total);
  if (begin == 0 && end == total) return;
  const std::vector<float> weights =
      crossfade_weights(total, begin, end, static_cast<int64_t>(crossfade_seconds * rate));
  for (int64_t channel = 0; channel < decoded.dim(0); ++channel) {
    const std::span<float> to = decoded.row(channel);
    const std::span<const float> from = source.row(channel);
    for (size_t i = 0; i < static_cast<size_t>(total); ++i) {
      to[i] = weights[i] * to[i] + (1.0f - weights[i]) * from[i];
    }
  }
}

}  // namespace ams
