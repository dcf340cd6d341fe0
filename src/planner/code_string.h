// Audio codes in the form the planner writes them: "<|audio_code_12|><|audio_code_9|>".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

inline constexpr int64_t kNumAudioCodes = 64000;  // FSQ levels 8, 8, 8, 5, 5, 5

// The literal of one code's token.
std::string audio_code_literal(int64_t code);

// Every code literal in `text`, in order; anything else is skipped and numbers past the code book
// become its last code. Thread-safe.
std::vector<int32_t> parse_audio_codes(std::string_view text, int64_t num_codes = kNumAudioCodes);

// The literals of all codes without separators.
std::string audio_code_string(std::span<const int32_t> codes);

}  // namespace ams
