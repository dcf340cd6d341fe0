#include "studio/modes/generate_song.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio/level.h"
#include "planner/plan_song.h"
#include "studio/song_size.h"

namespace ams {
namespace {

std::string lyrics_of(const GenerateRequest& request) {
  return request.instrumental ? std::string(kInstrumentalLyrics) : request.lyrics;
}

PlannedSong planned_song(const SongMetadata& planned) {
  PlannedSong song;
  song.caption = planned.caption;
  song.bpm = planned.bpm;
  song.keyscale = planned.key_scale;
  song.timesignature = planned.time_signature;
  song.vocal_language = planned.language;
  return song;
}

SongPlan run_planner(const SongModel::Planner& planner,
                     const GenerateRequest& request,
                     const JobContext& job) {
  PlanOptions options;
  options.thinking = request.lm.thinking;
  options.use_cot_metas = request.lm.use_cot_metas;
  options.use_cot_caption = request.lm.use_cot_caption;
  options.use_cot_language = request.lm.use_cot_language;
  options.temperature = static_cast<float>(request.lm.temperature);
  options.top_p = static_cast<float>(request.lm.top_p);
  options.top_k = request.lm.top_k;
  options.guidance_scale = static_cast<float>(request.lm.cfg);
  options.negative_prompt = request.lm.negative_prompt;
  PlanRequest plan;
  plan.caption = request.prompt;
  plan.lyrics = lyrics_of(request);
  plan.metadata = metadata_of(request);
  // Codes cover whole fifths of a second; what is too long is cut from the audio.
  const auto rate = static_cast<double>(kCodesPerSecond);
  plan.duration_seconds = std::ceil(request.duration_seconds * rate - 1e-9) / rate;
  plan.seed = static_cast<uint64_t>(*request.seed);
  PlanObserver observer;
  observer.stop = job.stop;
  observer.progress = [&](const PlanProgress& progress) {
    Progress event;
    event.stage = "planning";
    event.step = progress.tokens;
    event.total = progress.expected_tokens.value_or(0);
    event.fraction =
        event.total > 0 ? static_cast<double>(event.step) / static_cast<double>(event.total) : 0.0;
    event.message = progress.text;
    job.progress(event);
  };
  observer.planned = [&](const SongMetadata& planned) { job.plan(planned_song(planned)); };
  return plan_song(*planner.lm, *planner.grammar, options, plan, observer);
}

}  // namespace

SongDraft draft_song(const GenerateRequest& request, const ModeContext& context) {
  SongDraft draft;
  SongSpec& spec = draft.spec;
  spec = spec_of(request, context.model.config().kind);
  spec.caption = request.prompt;
  spec.lyrics = lyrics_of(request);
  spec.duration_seconds = std::ceil(request.duration_seconds * 10.0 - 1e-9) / 10.0;
  spec.told_seconds = request.duration_seconds;
  if (wants_planner(request) && context.model.has_planner()) {
    const SongPlan plan = run_planner(context.model.planner(context.loading), request, context.job);
    spec.metadata = plan.metadata;
    if (!plan.metadata.language.empty()) spec.language = plan.metadata.language;
    if (!plan.metadata.caption.empty()) spec.caption = plan.metadata.caption;
    spec.codes = plan.codes;
    context.report.lm_used = true;
    context.report.lm_result = planned_song(plan.planned);
  } else if (wants_planner(request)) {
    context.report.warnings.emplace_back(
        "the model has no planner beside it; the song was made without one");
  }
  draft.finish = [seconds = request.duration_seconds](const AudioBuffer& decoded) {
    const int64_t wanted = to_samples(seconds, decoded.sample_rate);
    AudioBuffer song = slice_audio(decoded, 0, std::min(wanted, decoded.length()));
    normalise_peak(song, kSongPeakDbfs);
    return song;
  };
  return draft;
}

}  // namespace ams
