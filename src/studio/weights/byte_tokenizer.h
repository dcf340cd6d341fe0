// A tokenizer.json in the published form that knows bytes instead of words: for checkpoints of
// random weights, whose real vocabulary is not there.
#pragma once

#include <cstdint>

#include "base/json.h"

namespace ams {

struct ByteTokenizer {
  int64_t vocabulary = 0;        // of the network; ids up to it exist
  bool has_audio_codes = false;  // the last 64,000 ids, as the planners have them
  bool appends_end = false;      // <|endoftext|> after every text, as the text encoder's does
};

// Special tokens have their published ids where the vocabulary is large enough for them.
Json byte_tokenizer_json(const ByteTokenizer& options);

}  // namespace ams
