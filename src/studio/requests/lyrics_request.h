// The request of mode Lyrics: words for a song, written from a brief. No song model takes part.
#pragma once

#include <cstdint>
#include <string>

#include "base/fields.h"

namespace ams {

enum class Rhyme { Strict, Loose, None };

// A value type. Texts are UTF-8.
struct LyricsRequest {
  std::string brief;                // 1-4000 characters
  std::string structure;            // section names with commas, 0-400 characters; empty: default
  std::string language = "en";      // en, zh, ja, ko, es, fr, de
  int64_t verse_lines = 6;          // 2-10; the counts are wishes to the model, not guarantees
  int64_t chorus_lines = 4;         // 2-8
  int64_t bridge_lines = 2;         // 1-6
  std::string tone;                 // 0-300 characters; empty: neutral
  Rhyme rhyme = Rhyme::Loose;       // how regular rhymes shall be
  double temperature = 0.85;        // 0-2; 0 = greedy
  double top_p = 0.9;               // 0-1; 0 and 1 = off
  int64_t top_k = 40;               // 0-200; 0 = off
  double repetition_penalty = 1.1;  // 1-2; 1 = off
  int64_t max_new_tokens = 600;     // 100-2000
  int64_t seed = 42;                // 1-2147483647; -1 or 0: drawn anew
  std::string model;                // name or folder; empty: the best one present
};

// The rows of the whole request. They point into the argument.
Fields fields(LyricsRequest& request);

// Brings the request into its one form (a structure that is filled in, -1 for a seed to draw) and
// checks it. Throws InvalidRequest that names field, value and range.
void validate(LyricsRequest& request);

// Seconds of computing that a draft is expected to need at most on a GPU.
int64_t estimate_seconds(const LyricsRequest& request);

}  // namespace ams
