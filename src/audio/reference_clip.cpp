#include "audio/reference_clip.h"

#include <algorithm>

#include "audio/level.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {

int64_t repeated_reference_length(int64_t length) {
  if (length < 1) {
    throw Error(ErrorCode::InvalidRequest, "audio: the reference song has no samples");
  }
  if (length >= kReferenceClipSamples) return length;
  return length * ((kReferenceClipSamples + length - 1) / length);
}

ReferenceRanges reference_ranges(int64_t length) {
  const int64_t total = repeated_reference_length(length);
  const int64_t third = total / 3;
  ReferenceRanges ranges;
  ranges.lowest = {0, third, 2 * third};
  ranges.highest = {std::max<int64_t>(0, third - kReferencePieceSamples),
                    third + std::max<int64_t>(0, third - kReferencePieceSamples),
                    2 * third + std::max<int64_t>(0, total - 2 * third - kReferencePieceSamples)};
  return ranges;
}

ReferenceOffsets fixed_reference_offsets(int64_t length) {
  const int64_t total = repeated_reference_length(length);
  return {0, total / 3, total - kReferencePieceSamples};
}

AudioBuffer assemble_reference_clip(const AudioBuffer& song, const ReferenceOffsets& offsets) {
  require_well_formed(song, "reference song");
  if (song.sample_rate != kStudioSampleRate || song.channels() != 2) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: the reference song has ",
                    song.channels(),
                    " channels at ",
                    song.sample_rate,
                    " Hz, expected 2 at ",
                    kStudioSampleRate));
  }
  const int64_t total = repeated_reference_length(song.length());
  if (is_silent(song)) {
    throw Error(ErrorCode::InvalidRequest,
                "audio: the reference song is silent; choose one that can be heard");
  }
  AudioBuffer clip = silent_audio(kStudioSampleRate, 2, kReferenceClipSamples);
  for (size_t piece = 0; piece < offsets.size(); ++piece) {
    const int64_t offset = offsets[piece];
    if (offset < 0 || offset > total - kReferencePieceSamples) {
      throw Error(ErrorCode::InvalidRequest,
                  str("audio: reference piece at sample ",
                      offset,
                      ", expected 0 to ",
                      total - kReferencePieceSamples));
    }
    const int64_t start = static_cast<int64_t>(piece) * kReferencePieceSamples;
    for (int64_t c = 0; c < 2; ++c) {
      const auto source = song.channel(c);
      const auto target = clip.channel(c);
      for (int64_t i = 0; i < kReferencePieceSamples; ++i) {
        target[static_cast<size_t>(start + i)] =
            source[static_cast<size_t>((offset + i) % song.length())];
      }
    }
  }
  return clip;
}

}  // namespace ams
