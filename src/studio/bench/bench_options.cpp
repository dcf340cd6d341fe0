#include <iterator>
#include <utility>

#include "studio/bench/bench.h"

namespace ams {

Fields fields(BenchOptions& options) {
  Fields rows{
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
  Fields engine = fields(options.engine);
  std::move(engine.begin(), engine.end(), std::back_inserter(rows));
  return rows;
}

void validate(BenchOptions& options) { check_ranges(fields(options)); }

}  // namespace ams
