#include "audio/splice.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

void require_same_kind(const AudioBuffer& a, const AudioBuffer& b, const char* what) {
  require_well_formed(a, what);
  require_well_formed(b, what);
  if (a.sample_rate == b.sample_rate && a.channels() == b.channels()) return;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: ",
                  what,
                  " need equal rates and channels, got ",
                  a.sample_rate,
                  " Hz x ",
                  a.channels(),
                  " and ",
                  b.sample_rate,
                  " Hz x ",
                  b.channels()));
}

}  // namespace

AudioBuffer splice_repaint(const AudioBuffer& decoded,
                           const AudioBuffer& source,
                           const SpliceRange& range) {
  require_same_kind(decoded, source, "the two songs of a repaint splice");
  const int64_t common = std::min(decoded.length(), source.length());
  if (range.begin < 0 || range.end <= range.begin || range.end > decoded.length() ||
      range.crossfade_samples < 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: splice of samples [",
                    range.begin,
                    ", ",
                    range.end,
                    ") with a crossfade of ",
                    range.crossfade_samples,
                    ", expected a range inside the ",
                    decoded.length(),
                    " decoded samples"));
  }
  const int64_t left = std::min(range.crossfade_samples, range.begin);
  const int64_t right = std::clamp<int64_t>(common - range.end, 0, range.crossfade_samples);
  AudioBuffer result = decoded;
  for (int64_t c = 0; c < decoded.channels(); ++c) {
    const auto kept = source.channel(c);
    const auto target = result.channel(c);
    const auto mix = [&](int64_t i, float m) {
      const auto at = static_cast<size_t>(i);
      target[at] = m * target[at] + (1.0f - m) * kept[at];
    };
    const auto copy = [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < std::min(to, common); ++i) {
        target[static_cast<size_t>(i)] = kept[static_cast<size_t>(i)];
      }
    };
    copy(0, range.begin - left);
    for (int64_t j = 0; j < left && range.begin - left + j < common; ++j) {
      mix(range.begin - left + j, static_cast<float>(j + 1) / static_cast<float>(left + 1));
    }
    for (int64_t j = 0; j < right; ++j) {
      mix(range.end + j, 1.0f - static_cast<float>(j + 1) / static_cast<float>(right + 1));
    }
    copy(range.end + right, common);
  }
  return result;
}

AudioBuffer join_equal_power(const AudioBuffer& head,
                             const AudioBuffer& tail,
                             int64_t overlap_samples) {
  require_same_kind(head, tail, "the two parts of a join");
  const int64_t shorter = std::min(head.length(), tail.length());
  if (overlap_samples < 0 || overlap_samples > shorter) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: crossfade of ",
                    overlap_samples,
                    " samples, expected 0 to ",
                    shorter,
                    ", the length of the shorter part"));
  }
  const int64_t seam = head.length() - overlap_samples;
  AudioBuffer result = silent_audio(head.sample_rate, head.channels(), seam + tail.length());
  for (int64_t c = 0; c < head.channels(); ++c) {
    const auto first = head.channel(c);
    const auto second = tail.channel(c);
    const auto target = result.channel(c);
    std::copy(first.begin(), first.begin() + seam, target.begin());
    for (int64_t j = 0; j < overlap_samples; ++j) {
      // Angles in the middle of each sample keep both ends away from exactly 0 and 1.
      const double angle = (static_cast<double>(j) + 0.5) / static_cast<double>(overlap_samples) *
                           std::numbers::pi / 2.0;
      const auto fade_out = static_cast<float>(std::cos(angle));
      const auto fade_in = static_cast<float>(std::sin(angle));
      target[static_cast<size_t>(seam + j)] = first[static_cast<size_t>(seam + j)] * fade_out +
                                              second[static_cast<size_t>(j)] * fade_in;
    }
    std::copy(second.begin() + overlap_samples, second.end(), target.begin() + head.length());
  }
  return result;
}

}  // namespace ams
