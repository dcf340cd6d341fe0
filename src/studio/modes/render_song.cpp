#include "studio/modes/render_song.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "studio/modes/prepare_conditions.h"

namespace ams {
namespace {

constexpr int64_t kShortestFrames = 128;     // the reference generates no less than 5.12 s
constexpr int64_t kSmallestTileFrames = 64;  // 2.56 s, with the overlap

void enter_stage(const SongContext& context, std::string_view stage) {
  if (context.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "the song was cancelled");
  if (context.stage) context.stage(stage);
}

// Everything about the source that sampling and splicing need.
struct Source {
  FloatArray audio;    // [2, N], padded; empty without source
  FloatArray latents;  // [T, C]: clean latents, or silence
  FloatArray context;  // [T, C]: latents with the repainted zone silenced
  std::optional<PaddedSpan> span;
  std::optional<double> seconds;  // of the source before padding
};

int64_t frames_without_source(const SongSpec& spec, const LatentCodec& codec) {
  // The reference rounds to tenths of a second and truncates to samples and frames.
  const double seconds = std::max(0.1, std::nearbyint(spec.duration_seconds * 10.0) / 10.0);
  const auto samples = static_cast<int64_t>(seconds * static_cast<double>(codec.sample_rate()));
  return samples / codec.hop_samples();
}

// Right-padded with silence to at least `frames`.
FloatArray extend_with_silence(FloatArray latents, const FloatArray& silence, int64_t frames) {
  if (latents.dim(0) >= frames) return latents;
  const FloatArray tail = silence_frames(silence, frames - latents.dim(0));
  latents.data.insert(latents.data.end(), tail.data.begin(), tail.data.end());
  latents.shape[0] = frames;
  return latents;
}

// The zone is silenced with the silence of the same place in the table, not of its start.
void silence_zone(FloatArray& latents, const PaddedSpan& span, const FloatArray& silence) {
  const int64_t channels = latents.dim(1);
  const int64_t end = std::min(span.end_frame, latents.dim(0));
  const FloatArray table = silence_frames(silence, end);
  std::copy(table.data.begin() + span.first_frame * channels,
            table.data.begin() + end * channels,
            latents.data.begin() + span.first_frame * channels);
}

TileOptions encoding(const SongContext& context) {
  TileOptions tiles;
  tiles.stop = context.stop;
  tiles.progress = context.encoding_progress;
  return tiles;
}

Source prepare_source(const SongNetworks& networks,
                      const SongSpec& spec,
                      const SongNoise& noise,
                      const SongContext& context) {
  const LatentCodec& codec = *networks.codec;
  const FloatArray& silence = *networks.silence;
  Source source;
  if (!spec.codes.empty()) {
    source.latents = networks.code_tokenizer->decode(spec.codes);
  } else if (spec.source) {
    source.audio = *spec.source;
    source.seconds =
        static_cast<double>(source.audio.dim(1)) / static_cast<double>(codec.sample_rate());
    if (spec.repaint) {
      source.span = pad_span(
          spec.repaint->span, source.audio.dim(1), codec.sample_rate(), codec.hop_samples());
      source.audio =
          pad_audio(source.audio, source.span->leading_samples, source.span->trailing_samples);
    }
    source.latents =
        encode_audio(*networks.codec, source.audio, silence, noise.posterior, encoding(context));
  } else {
    source.latents =
        silence_frames(silence, std::max(kShortestFrames, frames_without_source(spec, codec)));
  }
  source.latents = extend_with_silence(std::move(source.latents), silence, kShortestFrames);
  source.context = source.latents;
  if (source.span) silence_zone(source.context, *source.span, silence);
  return source;
}

FloatArray chunk_mask(const SongSpec& spec, const Source& source) {
  FloatArray mask({1, source.latents.dim(0), source.latents.dim(1)});
  const bool in_zone_only = source.span && spec.repaint->explicit_chunk_mask;
  const int64_t channels = mask.dim(2);
  const int64_t first = in_zone_only ? source.span->first_frame : 0;
  const int64_t end = in_zone_only ? source.span->end_frame : mask.dim(1);
  std::fill(mask.data.begin() + first * channels, mask.data.begin() + end * channels, 1.0f);
  return mask;
}

// A prompt as the condition encoder reads it.
struct EncodedPrompt {
  FloatArray text;    // [1, L, D]
  FloatArray lyrics;  // [1, L, D]
  int64_t text_tokens = 0;
};

FloatArray as_batch(FloatArray states) {
  states.shape.insert(states.shape.begin(), 1);
  return states;
}

IndexArray ones(int64_t length) {
  return IndexArray({1, length}, std::vector<int32_t>(static_cast<size_t>(length), 1));
}

class PromptEncoder {
 public:
  PromptEncoder(const SongNetworks& networks,
                const SongSpec& spec,
                const SongContext& context,
                double told_seconds)
      : networks_(networks), spec_(spec), context_(context), told_seconds_(told_seconds) {}

  // `text_length` > 0 cuts or pads the text to the length of another prompt, as the reference does.
  EncodedPrompt encode(SongTask task,
                       const std::string& caption,
                       const std::string& lyrics,
                       int64_t text_length = 0) const {
    SongPrompt song;
    song.instruction = task_instruction(task);
    song.caption = caption;
    song.metadata = spec_.metadata;
    song.duration_seconds = told_seconds_;
    const Tokenizer& tokenizer = *networks_.text_tokenizer;
    std::vector<int32_t> text = song_prompt_ids(song_text_prompt(song), tokenizer, kMaxTextTokens);
    const int64_t own_length = static_cast<int64_t>(text.size());
    if (text_length > 0 && !text.empty()) {
      text.resize(static_cast<size_t>(text_length), text.back());  // ends with the padding token
    }
    const std::vector<int32_t> lyric_ids =
        song_prompt_ids(song_lyric_prompt(lyrics, spec_.language), tokenizer, kMaxLyricTokens);
    if (context_.observe_tokens) {
      context_.observe_tokens("text_token_ids", text);
      context_.observe_tokens("lyric_token_ids", lyric_ids);
    }
    EncodedPrompt encoded;
    encoded.text = as_batch(networks_.text_encoder->encode(text));
    encoded.lyrics = as_batch(networks_.text_encoder->embed(lyric_ids));
    encoded.text_tokens = std::min(own_length, static_cast<int64_t>(text.size()));
    return encoded;
  }

 private:
  const SongNetworks& networks_;
  const SongSpec& spec_;
  const SongContext& context_;
  double told_seconds_;
};

FloatArray timbre_references(const SongNetworks& networks,
                             const SongSpec& spec,
                             const SongNoise& noise,
                             const SongContext& context) {
  const FloatArray& silence = *networks.silence;
  std::vector<FloatArray> clips;
  for (const FloatArray& audio : spec.references) {
    clips.push_back(
        encode_audio(*networks.codec, audio, silence, noise.posterior, encoding(context)));
  }
  if (clips.empty()) {
    clips.push_back(silence_frames(silence, networks.condition_encoder->timbre_frames()));
  }
  FloatArray packed({static_cast<int64_t>(clips.size()), clips[0].dim(0), clips[0].dim(1)});
  for (size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].shape != clips[0].shape) {
      throw Error(ErrorCode::InvalidRequest,
                  str("references: clip ",
                      i,
                      " has ",
                      clips[i].dim(0),
                      " frames, expected ",
                      clips[0].dim(0),
                      "; all clips of a song must have one length"));
    }
    std::copy(
        clips[i].data.begin(), clips[i].data.end(), packed.row(static_cast<int64_t>(i)).begin());
  }
  return packed;
}

ConditionSources sources_of(const SongNetworks& networks,
                            const EncodedPrompt& prompt,
                            const FloatArray& timbre,
                            const FloatArray& context,
                            const FloatArray& mask,
                            bool is_cover) {
  ConditionSources sources;
  sources.inputs.text_states = prompt.text;
  sources.inputs.text_valid = ones(prompt.text.dim(1));
  for (int64_t i = prompt.text_tokens; i < prompt.text.dim(1); ++i) {
    sources.inputs.text_valid.data[static_cast<size_t>(i)] = 0;
  }
  sources.inputs.lyric_embeddings = prompt.lyrics;
  sources.inputs.lyric_valid = ones(prompt.lyrics.dim(1));
  sources.inputs.timbre_references = timbre;
  sources.inputs.timbre_items.assign(static_cast<size_t>(timbre.dim(0)), 0);
  sources.source_latents = as_batch(context);
  sources.chunk_masks = mask;
  sources.is_cover = {is_cover ? 1 : 0};
  sources.silence = *networks.silence;
  return sources;
}

VelocityFunction velocity_of(ConditionedDenoiser& denoiser) {
  return [&denoiser](auto latents, float t, auto conditional, auto unconditional) {
    denoiser.velocity(latents, t, conditional, unconditional);
  };
}

double told_seconds(const SongSpec& spec, const Source& source) {
  if (spec.told_seconds) return *spec.told_seconds;
  return source.seconds ? *source.seconds : spec.duration_seconds;
}

// Binds prompts to the denoiser and reports the values that parity tests compare.
class ConditionBinder {
 public:
  ConditionBinder(const SongNetworks& networks, const SongContext& context)
      : networks_(networks), context_(context) {}

  std::unique_ptr<ConditionedDenoiser> bind(const ConditionSources& sources, bool report) const {
    const PreparedConditions prepared =
        prepare_conditions(*networks_.condition_encoder, *networks_.code_tokenizer, sources);
    if (report && context_.observe) {
      context_.observe("encoder_hidden_states", prepared.encoder.states);
      context_.observe("context_latents", prepared.context_latents);
    }
    return networks_.denoiser->bind(prepared.denoiser());
  }

 private:
  const SongNetworks& networks_;
  const SongContext& context_;
};

FloatArray morph_song(const SongNetworks& networks,
                      const SongSpec& spec,
                      const SongNoise& noise,
                      const SongContext& context,
                      const Source& source) {
  const MorphOptions& morph = *spec.morph;
  const bool is_cover = spec.task == SongTask::Cover;
  const FloatArray plain = silence_frames(*networks.silence, source.latents.dim(0));
  // Real context latents would hold the song where it is; the reference gives silence here.
  const FloatArray& song_context = is_cover ? source.latents : plain;
  const PromptEncoder prompts(networks, spec, context, told_seconds(spec, source));
  const EncodedPrompt target = prompts.encode(spec.task, spec.caption, spec.lyrics);
  const EncodedPrompt origin = prompts.encode(spec.task, morph.source_caption, morph.source_lyrics);
  const FloatArray timbre = timbre_references(networks, spec, noise, context);
  const FloatArray mask = chunk_mask(spec, source);
  const ConditionBinder binder(networks, context);
  const auto target_denoiser = binder.bind(
      sources_of(networks, target, timbre, song_context, mask, is_cover), /*report=*/true);
  const auto origin_denoiser = binder.bind(
      sources_of(networks, origin, timbre, song_context, mask, is_cover), /*report=*/false);
  FlowEditOptions options;
  options.schedule = spec.sampling.schedule;
  options.guidance = spec.sampling.guidance;
  options.limits = spec.sampling.limits;
  options.window_start = morph.window_start;
  options.window_end = morph.window_end;
  options.draws_per_step = morph.draws_per_step;
  FlowEditCallbacks callbacks;
  callbacks.source_velocity = velocity_of(*origin_denoiser);
  callbacks.target_velocity = velocity_of(*target_denoiser);
  callbacks.fresh_noise = noise.fresh;
  callbacks.progress = context.diffusion_progress;
  enter_stage(context, "diffusion");
  const LatentShape shape{1, source.latents.dim(0), source.latents.dim(1)};
  return flow_edit(options, {shape, source.latents.data}, callbacks, context.stop);
}

FloatArray sample_with_source(const SongNetworks& networks,
                              const SongSpec& spec,
                              const SongNoise& noise,
                              const SongContext& context,
                              const Source& source) {
  const int64_t frames = source.latents.dim(0);
  const bool is_cover = spec.task == SongTask::Cover || !spec.codes.empty();
  const SongTask prompt_task = is_cover ? SongTask::Cover : spec.task;
  const PromptEncoder prompts(networks, spec, context, told_seconds(spec, source));
  const FloatArray timbre = timbre_references(networks, spec, noise, context);
  const FloatArray mask = chunk_mask(spec, source);
  const EncodedPrompt prompt = prompts.encode(prompt_task, spec.caption, spec.lyrics);
  ConditionSources sources = sources_of(networks, prompt, timbre, source.context, mask, is_cover);
  if (!spec.codes.empty()) sources.hints = as_batch(source.latents);
  // All prompts before the first binding: the text encoder may have to leave for the song model.
  std::optional<EncodedPrompt> plain_prompt;
  if (spec.sampling.cover_strength < 1.0) {
    plain_prompt =
        prompts.encode(SongTask::Text2Music, spec.caption, spec.lyrics, prompt.text.dim(1));
  }
  const ConditionBinder binder(networks, context);
  const auto main = binder.bind(sources, /*report=*/true);
  std::unique_ptr<ConditionedDenoiser> plain;
  if (plain_prompt) {
    plain = binder.bind(sources_of(networks,
                                   *plain_prompt,
                                   timbre,
                                   silence_frames(*networks.silence, frames),
                                   mask,
                                   /*is_cover=*/false),
                        /*report=*/false);
  }
  const LatentShape shape{1, frames, source.latents.dim(1)};
  std::vector<float> initial(shape.size());
  noise.initial(initial);
  SampleInputs inputs;
  inputs.shape = shape;
  inputs.noise = initial;
  inputs.cover_source = source.context.data;
  std::vector<uint8_t> zone;
  if (source.span) {
    zone.assign(static_cast<size_t>(frames), 0);
    std::fill(zone.begin() + source.span->first_frame, zone.begin() + source.span->end_frame, 1);
    RepaintRegion region;
    region.clean = source.latents.data;
    region.mask = zone;
    region.injection_ratio = spec.repaint->settings.injection_ratio;
    region.crossfade_frames = spec.repaint->settings.crossfade_frames;
    inputs.repaint = region;
  }
  SampleCallbacks callbacks;
  callbacks.velocity = velocity_of(*main);
  if (plain) callbacks.non_cover_velocity = velocity_of(*plain);
  callbacks.fresh_noise = noise.fresh;
  callbacks.progress = context.diffusion_progress;
  enter_stage(context, "diffusion");
  return sample(spec.sampling, inputs, callbacks, context.stop);
}

FloatArray sample_prepared(const SongNetworks& networks,
                           const SongSpec& spec,
                           const SongNoise& noise,
                           const SongContext& context,
                           const Source& source) {
  if (context.observe) context.observe("src_latents", source.context);
  FloatArray latents = spec.morph ? morph_song(networks, spec, noise, context, source)
                                  : sample_with_source(networks, spec, noise, context, source);
  latents.shape = {latents.dim(1), latents.dim(2)};
  return latents;
}

Source checked_source(const SongNetworks& networks,
                      const SongSpec& spec,
                      const SongNoise& noise,
                      const SongContext& context) {
  enter_stage(context, "encoding");
  const bool needs_source = spec.morph || (spec.task != SongTask::Text2Music && spec.codes.empty());
  if (needs_source && !spec.source) {
    throw Error(ErrorCode::InvalidRequest, "song: this task needs source audio, none was given");
  }
  return prepare_source(networks, spec, noise, context);
}

// Scales audio down so that no sample exceeds 1; returns the peak before that.
float guard_peak(FloatArray& audio) {
  float peak = 0.0f;
  for (const float x : audio.data) peak = std::max(peak, std::abs(x));
  if (peak > 1.0f) {
    for (float& x : audio.data) x /= peak;
  }
  return peak;
}

}  // namespace

FloatArray sample_song(const SongNetworks& networks,
                       const SongSpec& spec,
                       const SongNoise& noise,
                       const SongContext& context) {
  const Source source = checked_source(networks, spec, noise, context);
  return sample_prepared(networks, spec, noise, context, source);
}

FloatArray decode_song(const SongNetworks& networks,
                       const FloatArray& latents,
                       const SongContext& context) {
  enter_stage(context, "decoding");
  const int64_t frames = latents.dim(0);
  const int64_t channels = latents.dim(1);
  FloatArray transposed({1, channels, frames});
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t c = 0; c < channels; ++c) {
      transposed.data[static_cast<size_t>(c * frames + t)] =
          latents.data[static_cast<size_t>(t * channels + c)];
    }
  }
  TileOptions tiles;
  tiles.stop = context.stop;
  tiles.progress = context.decoding_progress;
  if (context.smallest_tiles) tiles.tile_frames = kSmallestTileFrames;
  FloatArray audio = networks.codec->decode(transposed, tiles);
  audio.shape = {audio.dim(1), audio.dim(2)};
  return audio;
}

RenderedSong render_song(const SongNetworks& networks,
                         const SongSpec& spec,
                         const SongNoise& noise,
                         const SongContext& context) {
  const Source source = checked_source(networks, spec, noise, context);
  RenderedSong song;
  song.latents = sample_prepared(networks, spec, noise, context, source);
  song.audio = decode_song(networks, song.latents, context);
  song.peak = guard_peak(song.audio);
  const bool splice = source.span && spec.repaint->settings.crossfade_seconds > 0.0;
  if (splice) {
    splice_source(song.audio,
                  source.audio,
                  *source.span,
                  spec.repaint->settings.crossfade_seconds,
                  networks.codec->sample_rate());
  }
  return song;
}

}  // namespace ams
