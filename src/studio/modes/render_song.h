// From prompts, codes and source audio to a waveform: what all song modes share. The stages follow
// the reference (ACE-Step 1.5): conditions, context, sampling, decoding, splice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "diffusion/flow_edit.h"
#include "diffusion/repaint.h"
#include "diffusion/sampler.h"
#include "nets/code_tokenizer.h"
#include "nets/condition_encoder.h"
#include "nets/denoiser.h"
#include "nets/latent_codec.h"
#include "nets/text_encoder.h"
#include "planner/song_prompt.h"
#include "studio/modes/song_source.h"
#include "text/tokenizer.h"

namespace ams {

// The networks of one song model. Borrowed for the call.
struct SongNetworks {
  TextEncoder* text_encoder = nullptr;
  const Tokenizer* text_tokenizer = nullptr;
  ConditionEncoder* condition_encoder = nullptr;
  CodeTokenizer* code_tokenizer = nullptr;
  Denoiser* denoiser = nullptr;
  LatentCodec* codec = nullptr;
  const FloatArray* silence = nullptr;  // [frames, C]
};

struct RepaintOptions {
  RepaintSpan span;
  RepaintSettings settings;          // of repaint_settings()
  bool explicit_chunk_mask = false;  // false: the mask is all ones, as the reference's "auto"
};

struct MorphOptions {
  std::string source_caption;
  std::string source_lyrics;
  double window_start = 0.0;  // n_min
  double window_end = 1.0;    // n_max
  int64_t draws_per_step = 1;
};

// Where the random numbers of a song come from. Each is asked for in the order of the song's
// stages.
struct SongNoise {
  NoiseSource initial;       // fills [1, T, C]
  NoiseSource fresh;         // solvers that draw noise, and flow edit
  PosteriorNoise posterior;  // empty: means
};

// A value type; validated by the mode that made it.
struct SongSpec {
  SongTask task = SongTask::Text2Music;
  std::string caption;
  std::string lyrics;    // "[Instrumental]" for none
  std::string language;  // code or "unknown"
  SongMetadata metadata;
  double duration_seconds = 30.0;      // of tasks without source and codes
  std::optional<double> told_seconds;  // what the prompt says; absent: the source's or the duration
  std::vector<int32_t> codes;          // audio codes; not empty: they lead the song
  std::optional<FloatArray> source;    // [2, N] at the codec's rate
  std::vector<FloatArray> references;  // [2, N] each; empty: silence
  std::optional<RepaintOptions> repaint;
  std::optional<MorphOptions> morph;
  SampleOptions sampling;
};

// Values a parity test compares; empty in normal use.
using SongObserver = std::function<void(std::string_view name, const FloatArray& value)>;
using TokenObserver = std::function<void(std::string_view name, const std::vector<int32_t>& ids)>;

struct SongContext {
  std::stop_token stop;
  StepProgress diffusion_progress;                                     // after each step
  std::function<void(int64_t done, int64_t total)> encoding_progress;  // windows of one input
  std::function<void(int64_t done, int64_t total)> decoding_progress;
  std::function<void(std::string_view stage)> stage;  // "encoding", "diffusion", "decoding"
  SongObserver observe;
  TokenObserver observe_tokens;
  bool smallest_tiles = false;  // decode with the least memory
};

struct RenderedSong {
  FloatArray latents;  // [T, C]
  FloatArray audio;    // [2, T * hop]; peaks above 1 scaled down, the source spliced back in
  float peak = 0.0f;   // of the decoded audio before that
};

// Throws InvalidRequest if the parts of `spec` do not fit together, Cancelled within one step, tile
// or network call, OutOfMemory. Confined to the worker thread.
RenderedSong render_song(const SongNetworks& networks,
                         const SongSpec& spec,
                         const SongNoise& noise,
                         const SongContext& context);

// The two halves of render_song(), for callers that stop in between.
FloatArray sample_song(const SongNetworks& networks,
                       const SongSpec& spec,
                       const SongNoise& noise,
                       const SongContext& context);
// latents [T, C] -> audio [2, T * hop] as decoded.
FloatArray decode_song(const SongNetworks& networks,
                       const FloatArray& latents,
                       const SongContext& context);

}  // namespace ams
