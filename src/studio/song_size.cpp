#include "studio/song_size.h"

#include <algorithm>
#include <cmath>

#include "planner/code_string.h"
#include "planner/plan_song.h"
#include "planner/song_prompt.h"
#include "studio/modes/song_draft.h"

namespace ams {
namespace {

constexpr int64_t kFewestFrames = 128;  // as the reference
// Of the planner's prompt around caption and lyrics, and of the metadata that it writes.
constexpr int64_t kPlannerFrame = 200;
constexpr int64_t kPlannerMetadata = 672;

int64_t lyric_tokens(const std::string& lyrics, const std::string& language, SongModel& model) {
  return static_cast<int64_t>(
      song_prompt_ids(song_lyric_prompt(lyrics, language), model.text_tokenizer(), kMaxLyricTokens)
          .size());
}

int64_t text_tokens(const SongSpec& spec, SongModel& model) {
  SongPrompt song;
  const bool is_cover = spec.task == SongTask::Cover || !spec.codes.empty();
  song.instruction = task_instruction(is_cover ? SongTask::Cover : spec.task);
  song.caption = spec.caption;
  song.metadata = spec.metadata;
  song.duration_seconds = spec.told_seconds.value_or(spec.duration_seconds);
  return static_cast<int64_t>(
      song_prompt_ids(song_text_prompt(song), model.text_tokenizer(), kMaxTextTokens).size());
}

int64_t source_samples(const SongSpec& spec, const OobleckConfig& codec) {
  if (!spec.source) return 0;
  int64_t samples = spec.source->dim(1);
  if (spec.repaint) {
    const PaddedSpan span =
        pad_span(spec.repaint->span, samples, codec.sampling_rate, codec.hop_samples());
    samples += span.leading_samples + span.trailing_samples;
  }
  return samples;
}

}  // namespace

SongSize song_size(const SongSpec& spec, SongModel& model) {
  const OobleckConfig& codec = model.codec_config();
  SongSize size;
  size.text_tokens = text_tokens(spec, model);
  size.lyric_tokens = lyric_tokens(spec.lyrics, spec.language, model);
  size.source_samples = source_samples(spec, codec);
  const auto samples = static_cast<int64_t>(
      std::ceil(spec.duration_seconds * static_cast<double>(codec.sampling_rate)));
  size.frames = (spec.source ? size.source_samples : samples) / codec.hop_samples();
  if (!spec.codes.empty()) {
    size.frames = static_cast<int64_t>(spec.codes.size()) * model.config().pool_window_size;
  }
  size.frames = std::max(kFewestFrames, size.frames);
  size.is_guided = spec.sampling.guidance.scale > 1.0;
  size.conditions = spec.morph || spec.sampling.cover_strength < 1.0 ? 2 : 1;
  return size;
}

SongSize song_size_with_planner(const GenerateRequest& request, SongModel& model) {
  SongSpec spec = spec_of(request, model.config().kind);
  spec.caption = request.prompt;
  spec.lyrics = request.instrumental ? lyrics_or_instrumental("") : request.lyrics;
  spec.duration_seconds = request.duration_seconds;
  SongSize size = song_size(spec, model);
  size.planner_prompt = kPlannerFrame + kPlannerMetadata + size.text_tokens + size.lyric_tokens;
  size.text_tokens = kMaxTextTokens;
  if (request.lm.thinking) {
    size.codes = static_cast<int64_t>(std::ceil(request.duration_seconds * kCodesPerSecond - 1e-9));
    size.frames = std::max(kFewestFrames, size.codes * model.config().pool_window_size);
  }
  size.is_planner_guided = request.lm.thinking && request.lm.cfg > 1.0;
  return size;
}

bool wants_planner(const GenerateRequest& request) {
  const PlannerOptions& lm = request.lm;
  return lm.thinking || lm.use_cot_metas || lm.use_cot_caption || lm.use_cot_language;
}

}  // namespace ams
