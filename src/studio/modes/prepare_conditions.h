// Conditions of a batch as the denoiser takes them: encoded prompts, and context latents chosen per
// item from source latents or from the hints of audio codes.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/array.h"
#include "nets/code_tokenizer.h"
#include "nets/condition_encoder.h"
#include "nets/denoiser.h"

namespace ams {

struct ConditionSources {
  ConditionInputs inputs;
  FloatArray source_latents;        // [B, T, C]
  FloatArray chunk_masks;           // [B, T, C]: 1 where the model shall generate
  std::vector<int32_t> is_cover;    // [B]: 1 = the context is the item's hints
  std::optional<FloatArray> hints;  // [B, any length, C]; if absent, tokenized from the source
  FloatArray silence;               // [frames, C]: what short latents are padded with
};

struct PreparedConditions {
  PackedConditions encoder;
  FloatArray context_latents;  // [B, T, 2 C]

  DenoiserConditions denoiser() const { return {encoder.states, context_latents}; }
};

PreparedConditions prepare_conditions(ConditionEncoder& encoder,
                                      CodeTokenizer& tokenizer,
                                      const ConditionSources& sources);

// Context latents alone, for prompts that share them.
FloatArray build_context(CodeTokenizer& tokenizer, const ConditionSources& sources);

// Latents [T, C] as audio codes hold them: padded with silence to whole codes, encoded, decoded and
// cut back to T.
FloatArray tokenized_hints(CodeTokenizer& tokenizer,
                           const FloatArray& latents,
                           const FloatArray& silence);

// [T, C] -> [T rounded up to a multiple, C]; the added frames are the first ones of `silence`.
FloatArray pad_frames_with(const FloatArray& latents, const FloatArray& silence, int64_t multiple);

// The first `frames` frames of the silence table [n, C]; a longer request repeats the table.
FloatArray silence_frames(const FloatArray& silence, int64_t frames);

// silence_latent.pt (or .safetensors) of a checkpoint folder as [frames, C].
// Throws NotFound, CorruptFile.
FloatArray read_silence_latent(const std::filesystem::path& folder);

}  // namespace ams
