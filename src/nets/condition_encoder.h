// Text, lyrics and timbre references -> the token sequence that the denoiser attends to.
#pragma once

#include <span>
#include <vector>

#include "base/array.h"

namespace ams {

// One song's conditions before encoding.
struct ConditionInputs {
  FloatArray text_states;       // [L_text, text_hidden_dim]: last hidden states of the text encoder
  FloatArray lyric_embeddings;  // [L_lyric, text_hidden_dim]: rows of the text encoder's table
  std::vector<FloatArray> timbre_references;  // each [frames, latent_channels], at least one
};

// A batch packed like the reference: [B, L, encoder_hidden_size], lyrics, timbre, text; valid
// tokens first, padding last. `valid` has one row per item; 1 = valid.
struct PackedConditions {
  FloatArray states;
  IndexArray valid;  // [B, L]
};

// Immutable weights; confined to the worker thread.
class ConditionEncoder {
 public:
  virtual ~ConditionEncoder() = default;

  virtual int64_t timbre_frames() const = 0;  // frames of one timbre reference (750)

  // Throws InvalidRequest on wrong widths or an item without reference.
  virtual PackedConditions encode(std::span<const ConditionInputs> items) = 0;
};

}  // namespace ams
