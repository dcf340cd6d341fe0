// lm/: the planner and the lyrics writer, with caches, and guidance as two sequences.
#include <algorithm>

#include "base/str.h"
#include "golden/runner.h"
#include "nets/qwen_lm.h"

namespace ams::golden {
namespace {

// A loaded language model.
struct LoadedLm {
  LoadedLm(const RunContext& context, std::string_view name)
      : lm(store.root(),
           QwenConfig::load(context.checkpoint(name)),
           *context.device,
           /*exact_caches=*/true) {
    store.load(*open_qwen_weights(context.checkpoint(name)), *context.device, context.precision);
  }
  WeightStore store;
  QwenLm lm;
};

int32_t argmax(std::span<const float> values) {
  return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

void run_greedy(const RunContext& context,
                const GoldenCase& golden,
                Comparison& comparison,
                std::string_view checkpoint) {
  LoadedLm model(context, checkpoint);
  const std::vector<int32_t> prompt = golden.ids("in.input_ids");
  const auto length = static_cast<int64_t>(prompt.size());
  const int64_t steps = golden.shape("out.tokens")[1];
  const int64_t vocab = model.lm.vocab_size();
  const auto session = model.lm.open({1, length + steps});
  FloatArray prefill({1, length, vocab});
  session->prefill_all(0, prompt, prefill.data);
  comparison.check("out.prefill_logits", prefill);

  std::vector<int32_t> tokens{
      argmax(std::span<const float>(prefill.data).last(static_cast<size_t>(vocab)))};
  FloatArray step_logits({1, steps, vocab});
  for (int64_t i = 0; i < steps; ++i) {
    const std::span<float> row =
        std::span<float>(step_logits.data)
            .subspan(static_cast<size_t>(i * vocab), static_cast<size_t>(vocab));
    session->step(std::span<const int32_t>(&tokens.back(), 1), row);
    if (i + 1 < steps) tokens.push_back(argmax(row));
  }
  comparison.check("out.tokens", std::span<const int32_t>(tokens));
  comparison.check("out.step_logits", step_logits);

  std::vector<int32_t> whole = prompt;
  whole.insert(whole.end(), tokens.begin(), tokens.end());
  FloatArray last({1, vocab});
  session->truncate(0, 0);
  session->prefill(0, whole, last.data);
  comparison.check("out.full_last_logits", last);
}

}  // namespace

void run_lm_guided(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  LoadedLm model(context, "acestep-5Hz-lm-1.7B-prefixed");
  const std::vector<int64_t> shape = golden.shape("in.input_ids");
  const std::vector<int32_t> ids = golden.ids("in.input_ids");
  const std::vector<int64_t> valid = golden.integers("in.attention_mask");
  const auto scale = static_cast<float>(golden.params().get("scale", 1.0));
  const auto first = static_cast<int32_t>(golden.params().get("first_audio_code_id", 0));
  const auto codes = static_cast<int32_t>(golden.params().get("audio_codes", 0));
  const auto vocab = static_cast<size_t>(model.lm.vocab_size());
  const auto session = model.lm.open({2, shape[1] + 8});
  FloatArray logits({2, model.lm.vocab_size()});
  for (int64_t row = 0; row < 2; ++row) {
    std::vector<int32_t> prompt;
    for (int64_t i = 0; i < shape[1]; ++i) {
      const auto at = static_cast<size_t>(row * shape[1] + i);
      if (valid[at] != 0) prompt.push_back(ids[at]);
    }
    session->prefill(row, prompt, logits.row(row));
  }
  for (int step = 0; golden.has(str("out.token.", step)); ++step) {
    FloatArray guided({1, model.lm.vocab_size()});
    for (size_t i = 0; i < vocab; ++i) {
      const float conditional = logits.row(0)[i];
      const float unconditional = logits.row(1)[i];
      guided.data[i] = unconditional + scale * (conditional - unconditional);
    }
    comparison.check(
        str("out.cond.", step),
        FloatArray({1, model.lm.vocab_size()}, {logits.row(0).begin(), logits.row(0).end()}));
    comparison.check(
        str("out.uncond.", step),
        FloatArray({1, model.lm.vocab_size()}, {logits.row(1).begin(), logits.row(1).end()}));
    comparison.check(str("out.cfg.", step), guided);
    const int32_t token =
        first + argmax(std::span<const float>(guided.data)
                           .subspan(static_cast<size_t>(first), static_cast<size_t>(codes)));
    const std::vector<int32_t> both{token, token};
    comparison.check(str("out.token.", step), std::span<const int32_t>(both).first(1));
    session->step(both, logits.data);
  }
}

void run_lm(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const bool qwen2 = golden.name().find("qwen2") != std::string::npos;
  run_greedy(context, golden, comparison, qwen2 ? "Qwen2.5-7B-Instruct" : "acestep-5Hz-lm-1.7B");
}

}  // namespace ams::golden
