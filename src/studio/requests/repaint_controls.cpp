#include "studio/requests/repaint_controls.h"

namespace ams {

Fields fields(RepaintControls& controls) {
  return {
      {.name = "wav_crossfade_s",
       .flag = "--wav-crossfade",
       .member = &controls.crossfade_seconds,
       .range = {0, 5},
       .unit = "s",
       .help = "Length of the fade between old and new audio",
       .label = "WAV crossfade (s)",
       .step = 0.1},
      {.name = "repaint_mode",
       .flag = "--repaint-mode",
       .member = EnumMember(&controls.repaint_mode),
       .choices = {"conservative", "balanced", "aggressive"},
       .help = "How closely new music is tied to what surrounds it",
       .label = "Repaint mode"},
      {.name = "repaint_strength",
       .flag = "--repaint-strength",
       .member = &controls.repaint_strength,
       .range = {0, 1},
       .help = "In mode balanced: 0 is as conservative, 1 as aggressive",
       .label = "Repaint strength",
       .step = 0.05},
      {.name = "latent_crossfade_frames",
       .flag = "--latent-crossfade",
       .member = &controls.latent_crossfade_frames,
       .range = {0, 30},
       .unit = "frames",
       .help = "Blend of latents at the border, 25 frames a second",
       .label = "Latent crossfade frames",
       .step = 1},
      {.name = "chunk_mask_mode",
       .flag = "--chunk-mask",
       .member = EnumMember(&controls.chunk_mask),
       .choices = {"auto", "explicit"},
       .help = "explicit tells the model where the new part lies, auto does not",
       .label = "Chunk mask"},
  };
}

RepaintSettings sampler_settings(const RepaintControls& controls) {
  RepaintSettings settings = repaint_settings(controls.repaint_mode, controls.repaint_strength);
  settings.crossfade_frames = controls.latent_crossfade_frames;
  settings.crossfade_seconds = 0;
  return settings;
}

}  // namespace ams
