// The sampling loop of the lyrics model, on any language model and tokenizer.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nets/causal_lm.h"
#include "studio/lyrics/lyrics_writer.h"
#include "studio/requests/lyrics_request.h"
#include "text/tokenizer.h"

namespace ams {

struct WrittenLyrics {
  std::string text;    // as written, without end marker and special tokens; not normalised
  int64_t tokens = 0;  // that the model wrote, the one that ended its turn not counted
  LyricsStop stop_reason = LyricsStop::EndOfTurn;
};

// Continues `prompt` with the knobs and the seed of `request`, which must hold a drawn seed. Only
// tokens behind the prompt become text. Throws Cancelled between two tokens, InvalidRequest if
// prompt and output exceed the model's context, Unsupported if the tokenizer is no chat model's.
// Confined to the worker thread.
WrittenLyrics write_lyrics(CausalLm& lm,
                           const Tokenizer& tokenizer,
                           std::span<const int32_t> prompt,
                           const LyricsRequest& request,
                           const LyricsContext& context);

}  // namespace ams
