#include "studio/bench/bench.h"
#include "studio/requests/song_controls.h"

namespace ams {
namespace {

// What is measured.
Fields subject_fields(BenchOptions& options) {
  return {
      {.name = "config",
       .flag = "--config",
       .member = &options.config,
       .choices = {"xl-sft", "sft", "turbo", "demo", "tiny"},
       .help = "Sizes of the random weights that are measured"},
      {.name = "model",
       .flag = "--model",
       .member = &options.model,
       .range = {0, 4096},
       .when_absent = "random weights",
       .help = "Name or folder of a checkpoint to measure instead"},
      {.name = "stage",
       .flag = "--stage",
       .member = &options.stage,
       .choices = {"all",
                   "text",
                   "planner",
                   "dit",
                   "decode",
                   "encode",
                   "lyrics",
                   "stems",
                   "loudness",
                   "mp3",
                   "decode-audio"},
       .help = "Measure only this part; all: of a song, without the last five"},
      {.name = "lyrics_config",
       .flag = "--lyrics-config",
       .member = &options.lyrics_config,
       .choices = {"0.5b", "1.5b", "3b", "7b", "tiny"},
       .help = "Size of the lyrics model with random weights"},
  };
}

// How it is measured.
Fields run_fields(BenchOptions& options) {
  return {
      {.name = "duration_s",
       .flag = "--duration",
       .member = &options.duration_seconds,
       .range = {5, 600},
       .unit = "s",
       .help = "Length of the song"},
      {.name = "guidance_scale",
       .flag = "--guidance-scale",
       .member = &options.guidance_scale,
       .range = {1, 15},
       .help = "1 turns guidance off and halves the batch"},
      {.name = "steps",
       .flag = "--steps",
       .member = &options.steps,
       .range = {1, 80},
       .help = "Diffusion steps that are timed"},
      {.name = "runs",
       .flag = "--runs",
       .member = &options.runs,
       .range = {1, 100},
       .help = "Timed runs of every stage after the warm-up"},
      {.name = "impl",
       .flag = "--impl",
       .member = &options.impl,
       .choices = {"auto", "ggml", "native"},
       .help = "Implementation of the networks: ggml's operations only, or our kernels"},
  };
}

}  // namespace

Fields fields(BenchOptions& options) {
  return joined(subject_fields(options), joined(run_fields(options), fields(options.engine)));
}

void validate(BenchOptions& options) { check_ranges(fields(options)); }

}  // namespace ams
