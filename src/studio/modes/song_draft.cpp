#include "studio/modes/song_draft.h"

#include <cmath>

#include "planner/plain_text.h"
#include "planner/plan_song.h"

namespace ams {
namespace {

SampleOptions sample_options(const SongControls& controls, ModelKind kind) {
  const AdvancedOptions& advanced = controls.advanced;
  SampleOptions options;
  options.schedule.name = kind == ModelKind::Turbo ? "turbo" : "base";
  options.schedule.steps = *advanced.inference_steps;
  options.schedule.shift = *advanced.shift;
  options.schedule.rounds_to_bfloat16 = controls.compat == Compatibility::Bf16Tables;
  options.solver = advanced.infer_method == InferMethod::Sde ? "sde" : "euler";
  options.guidance.method = advanced.use_adg ? "adg" : "apg";
  options.guidance.scale = *advanced.guidance_scale;
  options.guidance.interval_start = advanced.cfg_interval_start;
  options.guidance.interval_end = advanced.cfg_interval_end;
  if (controls.dcw.enabled) {
    CorrectionOptions correction;
    correction.mode = find_correction_mode(controls.dcw.mode);
    correction.scale = controls.dcw.scaler;
    correction.high_scale = controls.dcw.high_scaler;
    options.correction = correction;
  }
  return options;
}

}  // namespace

SongSpec spec_of(const SongControls& controls, ModelKind kind) {
  SongSpec spec;
  spec.metadata = metadata_of(controls);
  spec.language =
      spec.metadata.language.empty() ? std::string(kUnknownLanguage) : spec.metadata.language;
  spec.sampling = sample_options(controls, kind);
  return spec;
}

SongMetadata metadata_of(const SongControls& controls) {
  SongMetadata metadata;
  metadata.bpm = controls.advanced.bpm;
  metadata.key_scale = controls.advanced.keyscale;
  metadata.time_signature = controls.advanced.timesignature;
  metadata.language = controls.advanced.vocal_language;
  return metadata;
}

std::string lyrics_or_instrumental(std::string_view lyrics) {
  return std::string(is_blank(lyrics) ? std::string_view(kInstrumentalLyrics) : lyrics);
}

int64_t to_samples(double seconds, int64_t sample_rate) {
  return static_cast<int64_t>(std::llround(seconds * static_cast<double>(sample_rate)));
}

}  // namespace ams
