// e2e/: whole requests through tokenizer, encoders, sampling and decoding.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/str.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_text_encoder.h"
#include "planner/code_string.h"
#include "studio/modes/prepare_conditions.h"
#include "studio/modes/render_song.h"

namespace ams::golden {
namespace {

constexpr int64_t kExcerptBegin = 48000;  // of out.audio, samples
constexpr int64_t kExcerptEnd = 96000;
constexpr int64_t kTail = 24000;  // of out.audio_tail

struct Networks {
  explicit Networks(const RunContext& context)
      : model(AceStepModel::load(
            context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision)),
        text_encoder(text_store.root(),
                     QwenConfig::load(context.checkpoint("Qwen3-Embedding-0.6B")),
                     *context.device),
        tokenizer(Tokenizer::load(context.checkpoint("Qwen3-Embedding-0.6B"))),
        codec(codec_store.root(),
              OobleckConfig::load(context.checkpoint("vae")),
              *context.device,
              context.precision),
        silence(read_silence_latent(context.checkpoint("acestep-v15-xl-sft"))) {
    text_store.load(*open_qwen_weights(context.checkpoint("Qwen3-Embedding-0.6B")),
                    *context.device,
                    context.precision);
    codec_store.load(*open_weights(context.checkpoint("vae")), *context.device, context.precision);
  }

  SongNetworks view() {
    SongNetworks networks;
    networks.text_encoder = &text_encoder;
    networks.text_tokenizer = tokenizer.get();
    networks.condition_encoder = &model->conditions();
    networks.code_tokenizer = &model->code_tokenizer();
    networks.denoiser = &model->denoiser();
    networks.codec = &codec;
    networks.silence = &silence;
    return networks;
  }

  std::unique_ptr<AceStepModel> model;
  WeightStore text_store;
  QwenTextEncoder text_encoder;
  std::shared_ptr<const Tokenizer> tokenizer;
  WeightStore codec_store;
  Oobleck codec;
  FloatArray silence;
};

// "e2e/source:out.source" -> that tensor of that case, without its batch dimension.
FloatArray shared_input(const RunContext& context, const std::string& reference) {
  const size_t colon = reference.find(':');
  const std::string file = reference.substr(0, colon) + ".safetensors";
  const auto weights = open_weights(context.folder / file);
  const StoredTensor* stored = weights->find(reference.substr(colon + 1));
  if (!stored || stored->shape.size() != 3) {
    throw Error(ErrorCode::CorruptFile, str("golden: ", reference, " does not exist"));
  }
  return FloatArray({stored->shape[1], stored->shape[2]}, to_float(*stored));
}

SongTask task_of(const std::string& name) {
  for (const SongTaskInfo& row : song_tasks()) {
    if (row.name == name) return row.task;
  }
  throw Error(ErrorCode::Unsupported, str("golden: nobody knows the task '", name, "'"));
}

SampleOptions sampling_of(const Json& params) {
  SampleOptions options;
  options.schedule.steps = params.get("infer_steps", 8);
  options.schedule.shift = params.get("shift", 1.0);
  options.guidance.scale = params.get("guidance_scale", 7.0);
  options.correction = CorrectionOptions{};
  options.cover_strength = params.get("cover_strength", 1.0);
  options.cover_noise_strength = params.get("cover_noise", 0.0);
  return options;
}

RepaintOptions repaint_of(const Json& params) {
  RepaintOptions options;
  options.span.start_seconds = params.get("start", 0.0);
  if (params.contains("end")) options.span.end_seconds = params.at("end").as_double();
  options.settings = repaint_settings(find_repaint_mode(params.get("mode", "balanced")),
                                      params.get("strength", 0.5));
  return options;
}

SongSpec spec_of(const RunContext& context, const Json& params) {
  SongSpec spec;
  spec.task = task_of(params.get("task", "text2music"));
  spec.caption = params.get("caption", "");
  spec.lyrics = params.get("lyrics", "");
  spec.language = params.get("language", "unknown");
  if (params.contains("bpm")) spec.metadata.bpm = params.at("bpm").as_int();
  spec.metadata.key_scale = params.get("keyscale", "");
  spec.metadata.time_signature = params.get("timesignature", "");
  spec.duration_seconds = params.get("seconds", 30.0);
  spec.codes = parse_audio_codes(params.get("codes", ""));
  spec.sampling = sampling_of(params);
  if (params.contains("start") || params.contains("end")) spec.repaint = repaint_of(params);
  const Json shared = params.at("shared_inputs");
  if (shared.contains("source")) {
    spec.source = shared_input(context, shared.at("source").as_string());
  }
  if (shared.contains("reference")) {
    spec.references.push_back(shared_input(context, shared.at("reference").as_string()));
  }
  if (params.get("morph", false)) {
    MorphOptions morph;
    morph.source_caption = params.get("source_caption", "solo piano");
    morph.source_lyrics = params.get("source_lyrics", "[Instrumental]");
    spec.morph = morph;
  }
  return spec;
}

void fill_from(const FloatArray& recorded, std::span<float> out, std::string_view what) {
  if (recorded.data.size() != out.size()) {
    throw Error(ErrorCode::Internal,
                str("golden: ",
                    what,
                    " has ",
                    recorded.data.size(),
                    " values, ",
                    out.size(),
                    " were asked for"));
  }
  std::copy(recorded.data.begin(), recorded.data.end(), out.begin());
}

SongNoise recorded_noise(const GoldenCase& golden) {
  SongNoise noise;
  noise.initial = [&golden](std::span<float> out) {
    fill_from(golden.floats("in.noise"), out, "in.noise");
  };
  noise.posterior = [&golden, draw = 0](std::span<float> out) mutable {
    const std::string name = str("in.vae_noise.", draw++);
    fill_from(golden.floats(name), out, name);
  };
  noise.fresh = [&golden, draw = int64_t{0}](std::span<float> out) mutable {
    const FloatArray recorded = golden.floats("in.fwd_noise");
    const std::span<const float> row = recorded.row(draw++);
    std::copy(row.begin(), row.end(), out.begin());
  };
  return noise;
}

FloatArray samples_of(const FloatArray& audio, int64_t begin, int64_t end) {
  FloatArray part({1, audio.dim(0), end - begin});
  part.data.clear();
  for (int64_t channel = 0; channel < audio.dim(0); ++channel) {
    const std::span<const float> row = audio.row(channel);
    part.data.insert(part.data.end(), row.begin() + begin, row.begin() + end);
  }
  return part;
}

FloatArray frame_levels(const FloatArray& audio, int64_t hop) {
  const int64_t frames = audio.dim(1) / hop;
  FloatArray levels({1, audio.dim(0), frames});
  for (int64_t channel = 0; channel < audio.dim(0); ++channel) {
    for (int64_t frame = 0; frame < frames; ++frame) {
      double sum = 0.0;
      for (const float x :
           audio.row(channel).subspan(static_cast<size_t>(frame * hop), static_cast<size_t>(hop))) {
        sum += static_cast<double>(x) * static_cast<double>(x);
      }
      levels.data[static_cast<size_t>(channel * frames + frame)] =
          static_cast<float>(std::sqrt(sum / static_cast<double>(hop)));
    }
  }
  return levels;
}

void check_audio(const RenderedSong& song, int64_t hop, Comparison& comparison) {
  const int64_t length = song.audio.dim(1);
  comparison.check(
      "out.audio",
      samples_of(song.audio, std::min(kExcerptBegin, length), std::min(kExcerptEnd, length)));
  comparison.check("out.audio_tail",
                   samples_of(song.audio, std::max<int64_t>(0, length - kTail), length));
  comparison.check("out.frame_rms", frame_levels(song.audio, hop));
}

}  // namespace

// Source and reference audio of the other cases: inputs that this group records as outputs.
void run_e2e_source(const RunContext& /*context*/,
                    const GoldenCase& golden,
                    Comparison& comparison) {
  for (const std::string& name : golden.tensor_names("out.")) {
    const FloatArray audio = golden.floats(name);
    if (audio.shape.size() != 3 || audio.dim(0) != 1 || audio.dim(1) != 2) {
      throw Error(ErrorCode::CorruptFile, str("golden: ", name, " is ", shape_str(audio.shape)));
    }
    comparison.check(name, audio);
  }
}

void run_e2e(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  Networks loaded(context);
  const SongNetworks networks = loaded.view();
  const SongSpec spec = spec_of(context, golden.params());
  SongContext song_context;
  song_context.observe = [&](std::string_view name, const FloatArray& value) {
    comparison.check(str("mid.", name), value);
  };
  std::map<std::string, int> seen;
  song_context.observe_tokens = [&](std::string_view name, const std::vector<int32_t>& ids) {
    const int index = seen[std::string(name)]++;
    const std::string numbered = str("mid.", name, ".", index);
    if (golden.has(numbered)) {
      comparison.check(numbered, std::span<const int32_t>(ids));
    } else if (index == 0) {
      comparison.check(str("mid.", name), std::span<const int32_t>(ids));
    }
  };
  const SongNoise noise = recorded_noise(golden);
  if (!golden.has("out.audio")) {
    FloatArray latents = sample_song(networks, spec, noise, song_context);
    latents.shape.insert(latents.shape.begin(), 1);
    return comparison.check("out.latents", latents);
  }
  const RenderedSong song = render_song(networks, spec, noise, song_context);
  FloatArray latents = song.latents;
  latents.shape.insert(latents.shape.begin(), 1);
  comparison.check("out.latents", latents);
  check_audio(song, networks.codec->hop_samples(), comparison);
}

}  // namespace ams::golden
