// Prompts of the 5 Hz planner, byte for byte as it was trained (ACE-Step 1.5, Qwen3 chat form).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "planner/metadata.h"
#include "planner/prompt.h"

namespace ams {

inline constexpr std::string_view kNoUserInput = "NO USER INPUT";

// Phase 1: caption and lyrics; the model answers with a <think> block of metadata.
// Throws InvalidRequest if a text is not UTF-8, as all functions here. Thread-safe.
Prompt reasoning_prompt(std::string_view caption, std::string_view lyrics);

// Phase 2: the phase-1 prompt with the <think> block filled in; audio codes follow. `caption` is
// what the user wrote; the planner's own caption belongs into `metadata`.
Prompt codes_prompt(std::string_view caption,
                    std::string_view lyrics,
                    const SongMetadata& metadata);

// Phase 2 without condition, for guidance. A blank negative prompt becomes "NO USER INPUT", the
// text of the dropped condition in training.
Prompt unconditional_codes_prompt(std::string_view negative_prompt);

// Writes a whole song idea from a short query. Blank becomes "NO USER INPUT".
Prompt inspiration_prompt(std::string_view query, bool instrumental);

// Rewrites caption and lyrics. Blank become "NO USER INPUT" and "[Instrumental]".
Prompt format_prompt(std::string_view caption, std::string_view lyrics);

// Describes a song given by its audio codes. No codes become "NO USER INPUT".
Prompt understanding_prompt(std::span<const int32_t> codes);

}  // namespace ams
