#include "studio/modes/cover_song.h"

#include <algorithm>
#include <utility>

#include "audio/level.h"
#include "audio/reference_clip.h"
#include "base/philox.h"
#include "studio/modes/song_input.h"

namespace ams {
namespace {

ReferenceOffsets draw_offsets(int64_t length, int64_t seed) {
  const ReferenceRanges ranges = reference_ranges(length);
  PhiloxStream stream(static_cast<uint64_t>(seed), RandomPurpose::ReferenceClip);
  ReferenceOffsets offsets{};
  for (size_t piece = 0; piece < offsets.size(); ++piece) {
    const auto choices = static_cast<double>(ranges.highest[piece] - ranges.lowest[piece] + 1);
    offsets[piece] = ranges.lowest[piece] + static_cast<int64_t>(stream.uniform() * choices);
  }
  return offsets;
}

}  // namespace

SongDraft draft_song(const CoverRequest& request, const ModeContext& context) {
  const AudioBuffer clip = read_song_input(
      request.ref_audio, {.role = "ref_audio", .max_mebibytes = 50, .max_seconds = 60}, context);
  const int64_t wanted = to_samples(request.duration_seconds, clip.sample_rate);
  const int64_t hop = context.model.networks(context.loading).codec->hop_samples();
  const int64_t length = (wanted + hop - 1) / hop * hop;
  SongDraft draft;
  SongSpec& spec = draft.spec;
  spec = spec_of(request, context.model.config().kind);
  spec.task = SongTask::Cover;
  spec.caption = request.prompt;
  spec.lyrics = request.lyrics;
  spec.told_seconds = request.duration_seconds;
  spec.source = fit_length(clip, length).samples;
  const ReferenceOffsets offsets = draw_offsets(clip.length(), *request.seed);
  spec.references.push_back(assemble_reference_clip(clip, offsets).samples);
  spec.sampling.cover_strength = request.audio_cover_strength;
  spec.sampling.cover_noise_strength = request.cover_noise_strength;
  draft.finish = [wanted](const AudioBuffer& decoded) {
    AudioBuffer song = slice_audio(decoded, 0, std::min(wanted, decoded.length()));
    normalise_peak(song, kSongPeakDbfs);
    return song;
  };
  return draft;
}

}  // namespace ams
