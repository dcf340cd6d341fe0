// What the requests of all song modes share: seeds, the model, its adapters and the knobs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "studio/requests/sampling_options.h"

namespace ams {

// Deviations from the exact mathematics that reproduce the official CUDA program.
enum class Compatibility { None, Bf16Tables };

// One adapter of a stack; on the wire an element of "loras".
struct LoraChoice {
  std::string name;                // a preset, or the path of a folder or file
  std::optional<double> strength;  // 0-1.5; absent: the preset's own, or 0.95
  bool operator==(const LoraChoice&) const = default;
};

// A value type.
struct SongControls {
  std::optional<int64_t> seed;      // 1-2147483647; absent: drawn anew
  std::optional<int64_t> sde_seed;  // as seed, for the fresh noise of method sde
  std::string model;                // name or folder; empty: the best one present
  Compatibility compat = Compatibility::None;
  std::vector<LoraChoice> loras;  // at most 16
  AdvancedOptions advanced;
  PlannerOptions lm;
  CorrectionRequest dcw;
};

// The rows of all members but `loras`, which is a list. They point into the argument.
Fields control_fields(SongControls& controls);

// `rows` followed by `more`.
Fields joined(Fields rows, Fields more);

// Brings the members into their one form (a seed or bpm of 0 or less means absent, "Am" becomes
// "A minor", an empty negative prompt its default). Throws InvalidRequest on what no row can check;
// ranges are check_ranges()'s part.
void normalise(SongControls& controls);

// Throws InvalidRequest on what two rows say together, once each is in its range.
void validate_controls(const SongControls& controls);

// Example of lyrics in an empty form.
inline constexpr const char* kLyricsPlaceholder =
    "[Verse]\nNeon rain on empty streets\n\n[Chorus]\nCarry me home";

// "NAME", "PATH" or either with "=STRENGTH" behind it. Throws InvalidRequest on an empty name.
LoraChoice parse_lora_choice(std::string_view text);

// A seed for requests without one: 1-2147483647. Thread-safe.
int64_t draw_seed();

// Seconds of computing that a song of `seconds` is expected to need at most on a GPU.
int64_t estimate_seconds(double seconds);

}  // namespace ams
