// Fixture of the tests of the built-in model: one engine for all tests, requests and a folder.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "audio/audio_buffer.h"
#include "studio/engine.h"

namespace ams {

// A prompt that the model was not trained on.
struct HeldOutPrompt {
  const char* caption;
  const char* keyscale;
  int64_t bpm;
};

// All with drums.
inline constexpr HeldOutPrompt kPrompts[] = {
    {"Nostalgic reggae song with a saxophone melody over soft bass, acoustic guitar and a drum "
     "beat",
     "C major",
     89},
    {"Vibraphone melody and acoustic guitar, disco drums and a soft warm pad in a mid-tempo disco "
     "piece.",
     "Bb major",
     108},
    {"Square lead melody and drums in a tense 80s synth instrumental.", "F# minor", 114},
    {"Distorted guitar melody and drums in a driving rock song.", "D minor", 152},
};

// What the present edition of the model was measured not to do (docs/built-in-model.md); tests of
// it are skipped by these names. The next edition that does it makes them true.
inline constexpr bool kPlaysInTime = false;
inline constexpr bool kCoversFollowHarmony = false;

// Skips where the model is not there: models/demo of this checkout, or the folder that the
// environment variable AMS_DEMO_MODEL names.
class BuiltInModel : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  // Without planner, with few steps: a song takes a few seconds.
  template <typename Request>
  static Request quick(const HeldOutPrompt& prompt, int64_t seed) {
    Request request;
    request.prompt = prompt.caption;
    request.seed = seed;
    request.advanced.inference_steps = 12;
    request.advanced.bpm = prompt.bpm;
    request.advanced.keyscale = prompt.keyscale;
    request.advanced.timesignature = "4";
    request.lm = {.thinking = false,
                  .use_cot_caption = false,
                  .use_cot_metas = false,
                  .use_cot_language = false};
    return request;
  }
  static GenerateRequest ten_seconds(const HeldOutPrompt& prompt, int64_t seed);
  static SongResult make(SongRequest request);
  // The song of a prompt, made once.
  static const AudioBuffer& song_of(size_t prompt);
  // The same as a file.
  static std::string file_of(size_t prompt);
  // The config.json of the song model.
  static std::filesystem::path song_config();
  static std::filesystem::path folder();
};

}  // namespace ams
