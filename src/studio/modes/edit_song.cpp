#include "studio/modes/edit_song.h"

#include <algorithm>
#include <utility>

#include "audio/splice.h"
#include "base/error.h"
#include "base/str.h"
#include "studio/modes/song_input.h"

namespace ams {
namespace {

constexpr double kDefaultSegmentEnd = 30.0;
constexpr double kShortestFade = 0.01;  // a hard cut would click

struct Segment {
  double start_seconds;
  double end_seconds;
};

Segment segment_of(const EditRequest& request, double song_seconds) {
  // A file's length in seconds is rarely a round number; users type rounded ones.
  constexpr double kRounding = 0.05;
  const double start = request.segment_start_seconds;
  double end = request.segment_end_seconds.value_or(std::min(kDefaultSegmentEnd, song_seconds));
  if (end > song_seconds + kRounding || start >= std::min(end, song_seconds)) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: the segment from ",
                    start,
                    " s to ",
                    end,
                    " s does not lie in the song, which lasts ",
                    song_seconds,
                    " s"));
  }
  end = std::min(end, song_seconds);
  return {start, end};
}

void repaint_segment(const EditRequest& request, AudioBuffer source, SongDraft& draft) {
  const Segment segment = segment_of(request, source.seconds());
  RepaintOptions repaint;
  repaint.span = {.start_seconds = segment.start_seconds, .end_seconds = segment.end_seconds};
  repaint.settings = sampler_settings(request.repaint);
  repaint.explicit_chunk_mask = request.repaint.chunk_mask == ChunkMask::Explicit;
  draft.spec.task = SongTask::Repaint;
  draft.spec.repaint = repaint;

  SpliceRange range;
  range.begin = to_samples(segment.start_seconds, source.sample_rate);
  range.end = std::min(to_samples(segment.end_seconds, source.sample_rate), source.length());
  range.crossfade_samples =
      to_samples(std::max(request.repaint.crossfade_seconds, kShortestFade), source.sample_rate);
  draft.finish = [source = std::move(source), range](const AudioBuffer& decoded) {
    return splice_repaint(slice_audio(decoded, 0, source.length()), source, range);
  };
}

void morph(const EditRequest& request, int64_t length, SongDraft& draft) {
  MorphOptions options;
  options.source_caption = request.flow_source_caption;
  options.source_lyrics = lyrics_or_instrumental(request.source_lyrics);
  options.window_start = request.flow_window_start;
  options.window_end = request.flow_window_end;
  options.draws_per_step = request.flow_draws_per_step;
  draft.spec.morph = options;
  draft.finish = [length](const AudioBuffer& decoded) { return slice_audio(decoded, 0, length); };
}

}  // namespace

SongDraft draft_song(const EditRequest& request, const ModeContext& context) {
  AudioBuffer source =
      read_song_input(request.source_audio,
                      {.role = "source_audio", .max_mebibytes = 100, .max_seconds = 240},
                      context);
  const int64_t hop = context.model.networks(context.loading).codec->hop_samples();
  SongDraft draft;
  SongSpec& spec = draft.spec;
  spec = spec_of(request, context.model.config().kind);
  spec.caption = request.prompt;
  spec.lyrics = lyrics_or_instrumental(request.lyrics);
  spec.told_seconds = source.seconds();
  spec.source = pad_to_frames(source, hop).samples;
  if (request.sub_mode == EditMode::FlowEdit) {
    morph(request, source.length(), draft);
  } else {
    repaint_segment(request, std::move(source), draft);
  }
  return draft;
}

}  // namespace ams
