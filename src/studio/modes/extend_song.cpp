#include "studio/modes/extend_song.h"

#include <algorithm>
#include <utility>

#include "audio/splice.h"
#include "base/error.h"
#include "base/str.h"
#include "studio/modes/song_input.h"

namespace ams {
namespace {

constexpr double kLongestSong = 360.0;

// All in samples.
struct ExtendPlan {
  ExtendSide side;
  int64_t extra;    // new music
  int64_t overlap;  // of new music and seed, for the fade
};

AudioBuffer join(const AudioBuffer& seed, const AudioBuffer& decoded, const ExtendPlan& plan) {
  const int64_t total = seed.length() + plan.extra;
  AudioBuffer song;
  if (plan.side == ExtendSide::End) {
    const AudioBuffer tail = slice_audio(decoded, seed.length() - plan.overlap, total);
    song = join_equal_power(seed, tail, plan.overlap);
  } else {
    const AudioBuffer head = slice_audio(decoded, 0, plan.extra + plan.overlap);
    song = join_equal_power(head, seed, plan.overlap);
  }
  // Two loud signals may add up beyond full scale in the fade. The seed itself lies within it.
  clamp_to_full_scale(song);
  return song;
}

RepaintSpan zone_of(const AudioBuffer& seed, const ExtendPlan& plan, int64_t hop) {
  const auto rate = static_cast<double>(seed.sample_rate);
  const auto seconds = [rate](int64_t samples) { return static_cast<double>(samples) / rate; };
  RepaintSpan span;
  // Half a sample keeps the truncation to samples from losing one; whole frames of padding behind
  // the end keep the rounding to frames from losing the last ones.
  const double half_sample = 0.5 / rate;
  if (plan.side == ExtendSide::End) {
    span.start_seconds = seconds(seed.length() - plan.overlap);
    span.end_seconds = seconds(seed.length() + plan.extra + hop) + half_sample;
  } else {
    span.start_seconds = -seconds(plan.extra) - half_sample;
    span.end_seconds = seconds(plan.overlap);
  }
  return span;
}

}  // namespace

SongDraft draft_song(const ExtendRequest& request, const ModeContext& context) {
  AudioBuffer seed =
      read_song_input(request.seed_audio,
                      {.role = "seed_audio", .max_mebibytes = 100, .max_seconds = 240},
                      context);
  const double total_seconds = seed.seconds() + request.extra_duration_seconds;
  if (total_seconds > kLongestSong) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'seed_audio' of ",
                    seed.seconds(),
                    " s and 'extra_duration_s' of ",
                    request.extra_duration_seconds,
                    " s are together longer than ",
                    kLongestSong,
                    " s"));
  }
  const int64_t fade = to_samples(request.repaint.crossfade_seconds, seed.sample_rate);
  const ExtendPlan plan{.side = request.side,
                        .extra = to_samples(request.extra_duration_seconds, seed.sample_rate),
                        .overlap = std::min(fade, seed.length() / 2)};
  const int64_t hop = context.model.networks(context.loading).codec->hop_samples();

  SongDraft draft;
  SongSpec& spec = draft.spec;
  spec = spec_of(request, context.model.config().kind);
  spec.task = SongTask::Repaint;
  spec.caption = request.prompt;
  spec.lyrics = lyrics_or_instrumental(request.lyrics);
  spec.told_seconds = total_seconds;
  // At the start, frames count from the new music; the seed's end may lie inside of one.
  spec.source = request.side == ExtendSide::End ? seed.samples : pad_to_frames(seed, hop).samples;
  RepaintOptions repaint;
  repaint.span = zone_of(seed, plan, hop);
  repaint.settings = sampler_settings(request.repaint);
  repaint.explicit_chunk_mask = request.repaint.chunk_mask == ChunkMask::Explicit;
  spec.repaint = repaint;
  draft.finish = [seed = std::move(seed), plan](const AudioBuffer& decoded) {
    return join(seed, decoded, plan);
  };
  return draft;
}

}  // namespace ams
