#include "studio/requests/lyrics_request.h"

#include <utility>

#include "base/error.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr const char* kUsualStructure =
    "intro, verse, chorus, verse, chorus, bridge, chorus, outro";

Fields text_fields(LyricsRequest& request) {
  return {
      {.name = "brief",
       .member = &request.brief,
       .range = {1, 4000},
       .help = "What the song is about",
       .label = "Brief",
       .placeholder = "A night train home after ten years away",
       .missing = "describe the song first"},
      {.name = "structure",
       .flag = "--structure",
       .member = &request.structure,
       .range = {0, 400},
       .when_absent = kUsualStructure,
       .help = "Sections in their order, with commas between them",
       .label = "Structure",
       .placeholder = kUsualStructure},
      {.name = "language",
       .flag = "--language",
       .member = &request.language,
       .choices = {"en", "zh", "ja", "ko", "es", "fr", "de"},
       .help = "Language of the lyrics",
       .label = "Language"},
      {.name = "verse_lines",
       .flag = "--verse-lines",
       .member = &request.verse_lines,
       .range = {2, 10},
       .help = "Lines a verse should have",
       .label = "Verse lines",
       .step = 1},
      {.name = "chorus_lines",
       .flag = "--chorus-lines",
       .member = &request.chorus_lines,
       .range = {2, 8},
       .help = "Lines a chorus should have",
       .label = "Chorus lines",
       .step = 1},
      {.name = "bridge_lines",
       .flag = "--bridge-lines",
       .member = &request.bridge_lines,
       .range = {1, 6},
       .help = "Lines a bridge should have",
       .label = "Bridge lines",
       .step = 1},
      {.name = "tone",
       .flag = "--tone",
       .member = &request.tone,
       .range = {0, 300},
       .when_absent = "neutral",
       .help = "Tone or mood of the words",
       .label = "Tone / mood",
       .placeholder = "wistful, a little ironic"},
      {.name = "rhyme",
       .flag = "--rhyme",
       .member = EnumMember(&request.rhyme),
       .choices = {"strict", "loose", "none"},
       .help = "How regular rhymes should be",
       .label = "Rhyme"},
  };
}

Fields model_fields(LyricsRequest& request) {
  return {
      {.name = "temperature",
       .flag = "--temperature",
       .member = &request.temperature,
       .range = {0, 2},
       .help = "Higher is more surprising; 0 always takes the likeliest word",
       .label = "Temperature",
       .step = 0.05},
      {.name = "top_p",
       .flag = "--top-p",
       .member = &request.top_p,
       .range = {0, 1},
       .help = "Share of probability that is drawn from; 0 and 1 are off",
       .label = "Top-p",
       .step = 0.05},
      {.name = "top_k",
       .flag = "--top-k",
       .member = &request.top_k,
       .range = {0, 200},
       .help = "Number of likeliest tokens that are drawn from; 0 is off",
       .label = "Top-k",
       .step = 1},
      {.name = "repetition_penalty",
       .flag = "--repetition-penalty",
       .member = &request.repetition_penalty,
       .range = {1, 2},
       .help = "Higher avoids what was said before; 1 is off",
       .label = "Repetition penalty",
       .step = 0.05},
      {.name = "max_new_tokens",
       .flag = "--max-new-tokens",
       .member = &request.max_new_tokens,
       .range = {100, 2000},
       .help = "Length at which writing stops",
       .label = "Max new tokens",
       .step = 50},
      {.name = "seed",
       .flag = "--seed",
       .member = &request.seed,
       .range = {-1, 2147483647},
       .help = "Same request and seed, same lyrics; -1 draws one",
       .label = "Seed",
       .step = 1},
      {.name = "model",
       .flag = "--model",
       .member = &request.model,
       .range = {0, 4096},
       .when_absent = "the best lyrics model present",
       .help = "Name or folder of a Qwen2.5 or Qwen3 chat model; ams models lists them",
       .label = "Model"},
  };
}

}  // namespace

Fields fields(LyricsRequest& request) {
  Fields rows = text_fields(request);
  for (Field& row : model_fields(request)) rows.push_back(std::move(row));
  return rows;
}

void validate(LyricsRequest& request) {
  if (is_blank(request.brief)) {
    throw Error(ErrorCode::InvalidRequest, "request: 'brief' is missing; describe the song first");
  }
  if (is_blank(request.structure)) request.structure = kUsualStructure;
  if (request.seed == 0) request.seed = -1;
  check_ranges(fields(request));
}

int64_t estimate_seconds(const LyricsRequest& request) {
  constexpr int64_t kBaseSeconds = 30;
  constexpr int64_t kTokensPerSecond = 60;  // a 7B model in bf16 on a data-centre GPU
  return kBaseSeconds + request.max_new_tokens / kTokensPerSecond;
}

}  // namespace ams
