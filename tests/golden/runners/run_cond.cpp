// cond/: lyric, timbre and condition encoders, code tokenizer, and their assembly.
#include "base/str.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"
#include "studio/modes/prepare_conditions.h"

namespace ams::golden {
namespace {

IndexArray indices(const GoldenCase& golden, std::string_view name) {
  return IndexArray(golden.shape(name), golden.ids(name));
}

TapObserver observer(Comparison& comparison) {
  return [&](std::string_view name, const FloatArray& value) {
    comparison.check(str("mid.", name), value);
  };
}

void check_packed(const PackedConditions& packed, Comparison& comparison) {
  comparison.check("out.encoder_hidden_states", packed.states);
  comparison.check("out.encoder_attention_mask", std::span<const int32_t>(packed.valid.data));
}

}  // namespace

ConditionInputs condition_inputs(const GoldenCase& golden, const std::string& prefix) {
  ConditionInputs inputs;
  inputs.text_states = golden.floats(prefix + "text_hidden_states");
  inputs.text_valid = indices(golden, prefix + "text_attention_mask");
  // Alternative prompts of a case replace the text; they share what they do not name.
  const std::string lyric = golden.has(prefix + "lyric_hidden_states") ? prefix : "in.";
  inputs.lyric_embeddings = golden.floats(lyric + "lyric_hidden_states");
  inputs.lyric_valid = indices(golden, lyric + "lyric_attention_mask");
  inputs.timbre_references = golden.floats("in.refer_audio_acoustic_hidden_states_packed");
  inputs.timbre_items = golden.ids("in.refer_audio_order_mask");
  return inputs;
}

void run_cond(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft-sharded"), *context.device, context.precision);
  const std::string& name = golden.name();
  if (name.starts_with("cond/lyric_encoder")) {
    model->conditions().observe(observer(comparison));
    comparison.check("out.hidden_states",
                     model->conditions().encode_lyrics(golden.floats("in.inputs_embeds"),
                                                       indices(golden, "in.attention_mask")));
  } else if (name.starts_with("cond/timbre_encoder")) {
    model->conditions().observe(observer(comparison));
    const PackedConditions grouped =
        group_timbre(model->conditions().encode_timbre(golden.floats("in.packed")),
                     golden.ids("in.order"),
                     golden.shape("out.timbre")[0]);
    comparison.check("out.timbre", grouped.states);
    comparison.check("out.mask", std::span<const int32_t>(grouped.valid.data));
  } else if (name.starts_with("cond/encoder")) {
    check_packed(model->conditions().encode(condition_inputs(golden, "in.")), comparison);
  } else {
    ConditionSources sources;
    sources.inputs = condition_inputs(golden, "in.");
    sources.source_latents = golden.floats("in.src_latents");
    sources.chunk_masks = golden.floats("in.chunk_masks");
    sources.is_cover = golden.ids("in.is_covers");
    sources.silence = read_silence_latent(context.checkpoint("acestep-v15-xl-sft"));
    if (golden.has("in.precomputed_lm_hints_25Hz")) {
      sources.hints = golden.floats("in.precomputed_lm_hints_25Hz");
    }
    const PreparedConditions prepared =
        prepare_conditions(model->conditions(), model->code_tokenizer(), sources);
    check_packed(prepared.encoder, comparison);
    comparison.check("out.context_latents", prepared.context_latents);
  }
}

void run_fsq_tokenize(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision);
  FsqCodeTokenizer& tokenizer = model->code_tokenizer();
  const FloatArray latents = golden.floats("in.latents");
  const FloatArray silence = read_silence_latent(context.checkpoint("acestep-v15-xl-sft"));
  std::vector<int32_t> codes;
  FloatArray quantized(golden.shape("out.quantized"));
  quantized.data.clear();
  tokenizer.observe([&](std::string_view name, const FloatArray& value) {
    if (name != "quantized") return;
    quantized.data.insert(quantized.data.end(), value.data.begin(), value.data.end());
  });
  for (int64_t b = 0; b < latents.dim(0); ++b) {
    const FloatArray item({latents.dim(1), latents.dim(2)},
                          {latents.row(b).begin(), latents.row(b).end()});
    const std::vector<int32_t> row =
        tokenizer.encode(pad_frames_with(item, silence, tokenizer.frames_per_code()));
    tokenizer.decode(row);
    codes.insert(codes.end(), row.begin(), row.end());
  }
  comparison.check("out.indices", std::span<const int32_t>(codes));
  comparison.check("out.quantized", quantized);
  // A code is valid if the first frame of its window is, which padding on the right keeps.
  const FloatArray frames = golden.floats("in.attention_mask");
  FloatArray mask(golden.shape("out.mask"));
  for (int64_t b = 0; b < mask.dim(0); ++b) {
    for (int64_t i = 0; i < mask.dim(1); ++i) {
      const auto frame = static_cast<size_t>(i * tokenizer.frames_per_code());
      mask.row(b)[static_cast<size_t>(i)] = frames.row(b)[frame];
    }
  }
  comparison.check("out.mask", mask);
}

void run_fsq_detokenize(const RunContext& context,
                        const GoldenCase& golden,
                        Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision);
  model->code_tokenizer().observe(observer(comparison));
  comparison.check("out.latents_25hz", model->code_tokenizer().decode(golden.ids("in.indices")));
}

}  // namespace ams::golden
