// Text, lyrics and timbre references -> the token sequence that the denoiser attends to.
#pragma once

#include <cstdint>
#include <vector>

#include "base/array.h"

namespace ams {

// The conditions of a batch before encoding. Rows shorter than the longest are padded on the right;
// `valid` marks real tokens with 1. Padding takes part in the denoiser, so its content matters.
struct ConditionInputs {
  FloatArray text_states;             // [B, L_text, text_hidden_dim]: states of the text encoder
  IndexArray text_valid;              // [B, L_text]
  FloatArray lyric_embeddings;        // [B, L_lyric, text_hidden_dim]: rows of its embedding table
  IndexArray lyric_valid;             // [B, L_lyric]
  FloatArray timbre_references;       // [R, frames, latent_channels]: reference clips
  std::vector<int32_t> timbre_items;  // [R]: the batch row of each clip
};

// Packed like the reference: lyrics, timbre, text; valid tokens first, padding last.
struct PackedConditions {
  FloatArray states;  // [B, L, encoder_hidden_size]
  IndexArray valid;   // [B, L]
};

// Immutable weights; confined to the worker thread.
class ConditionEncoder {
 public:
  virtual ~ConditionEncoder() = default;

  virtual int64_t timbre_frames() const = 0;  // frames of one reference clip (750)

  // Throws InvalidRequest on shapes that disagree.
  virtual PackedConditions encode(const ConditionInputs& inputs) = 0;
};

}  // namespace ams
