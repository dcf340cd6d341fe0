// Condition encoder of ACE-Step 1.5 on ggml: lyric encoder, timbre encoder, text projector,
// packing.
#pragma once

#include "nets/acestep_config.h"
#include "nets/blocks/encoder_layer.h"
#include "nets/condition_encoder.h"
#include "nets/tap_observer.h"
#include "tensor/device.h"
#include "tensor/graph.h"

namespace ams {

class LyricEncoder {
 public:
  LyricEncoder(const WeightScope& w, const AceStepConfig& config);
  // embeddings [B, L, text_hidden_dim] -> [B, L, E]. `masks`: per layer, or empty without padding.
  Tensor build(GraphBuilder& g,
               Tensor embeddings,
               Tensor positions,
               const std::vector<Tensor>& masks) const;

 private:
  const Weight *embed_tokens_, *embed_tokens_bias_;
  EncoderStack layers_;
};

class TimbreEncoder {
 public:
  TimbreEncoder(const WeightScope& w, const AceStepConfig& config);
  int64_t length(int64_t frames) const { return frames + (special_token_ ? 1 : 0); }
  // latents [R, frames, C] -> [R, E]: the first position after the final norm.
  Tensor build(GraphBuilder& g, Tensor latents, Tensor positions) const;

 private:
  int64_t width_;
  const Weight *embed_tokens_, *embed_tokens_bias_;
  const Weight* special_token_ = nullptr;  // XL only
  EncoderStack layers_;
};

class AceStepConditions : public ConditionEncoder {
 public:
  // Declares `encoder.*`; load the store before use. The store and `device` must outlive it.
  AceStepConditions(const WeightScope& root, const AceStepConfig& config, const Device& device);

  int64_t timbre_frames() const override { return config_.timbre_fix_frame; }
  PackedConditions encode(const ConditionInputs& inputs) override;

  // The parts, for parity tests.
  FloatArray encode_lyrics(const FloatArray& embeddings, const IndexArray& valid);
  FloatArray encode_timbre(const FloatArray& references);  // [R, frames, C] -> [R, E]
  FloatArray project_text(const FloatArray& states);

  void observe(TapObserver observer) { observer_ = std::move(observer); }

 private:
  GraphOptions graph_options() const;

  AceStepConfig config_;
  const Device* device_;
  TapObserver observer_;
  LyricEncoder lyric_encoder_;
  TimbreEncoder timbre_encoder_;
  const Weight* text_projector_;
};

// Timbre embeddings [R, E] grouped by batch row: states [B, most clips of a row, E] and their
// validity.
PackedConditions group_timbre(const FloatArray& embeddings,
                              const std::vector<int32_t>& items,
                              int64_t batch);

// Two sequences of a batch one behind the other, valid tokens first in their order, padding last.
PackedConditions pack_conditions(const PackedConditions& first, const PackedConditions& second);

}  // namespace ams
