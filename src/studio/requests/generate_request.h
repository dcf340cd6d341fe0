// The request of mode Generate: a new song from a prompt and, if wanted, lyrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "studio/requests/sampling_options.h"

namespace ams {

// Deviations from the exact mathematics that reproduce the official CUDA program.
enum class Compatibility { None, Bf16Tables };

// A value type. Texts are UTF-8.
struct GenerateRequest {
  std::string prompt;               // 1-512 characters
  std::string lyrics;               // 0-4096 characters, with section tags such as [Verse]
  double duration_seconds = 30;     // 5-600
  bool instrumental = false;        // wins over lyrics
  std::optional<int64_t> seed;      // 1-2147483647; absent: drawn anew
  std::optional<int64_t> sde_seed;  // as seed, for the fresh noise of method sde
  std::string model;                // name or folder; empty: the best one present
  Compatibility compat = Compatibility::None;
  AdvancedOptions advanced;
  PlannerOptions lm;
  CorrectionRequest dcw;
};

// The rows of the whole request. They point into the argument.
Fields fields(GenerateRequest& request);

// Brings the request into its one form (a seed or bpm of 0 or less means absent, "Am" becomes
// "A minor", an empty negative prompt its default) and checks it.
// Throws InvalidRequest that names field, value and range.
void validate(GenerateRequest& request);

// A seed for requests without one: 1-2147483647. Thread-safe.
int64_t draw_seed();

// Seconds of computing that a song of this request is expected to need at most on a GPU.
int64_t estimate_seconds(const GenerateRequest& request);

}  // namespace ams
