// text/: the Qwen3 text encoder and the embedding lookup of lyrics.
#include "base/str.h"
#include "golden/runner.h"
#include "nets/qwen_text_encoder.h"

namespace ams::golden {

void run_text(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const std::filesystem::path folder = context.checkpoint("Qwen3-Embedding-0.6B");
  WeightStore store;
  QwenTextEncoder encoder(store.root(), QwenConfig::load(folder), *context.device);
  store.load(*open_qwen_weights(folder), *context.device, context.precision);
  const std::vector<int64_t> shape = golden.shape("in.input_ids");
  const std::vector<int32_t> ids = golden.ids("in.input_ids");
  const bool lookup = golden.has("out.embeddings");
  // The rows of a batch are computed one by one and put together.
  FloatArray out({shape[0], shape[1], encoder.hidden_size()});
  std::map<std::string, FloatArray> taps;
  for (int64_t b = 0; b < shape[0]; ++b) {
    const auto row = std::span<const int32_t>(ids).subspan(static_cast<size_t>(b * shape[1]),
                                                           static_cast<size_t>(shape[1]));
    encoder.observe([&](std::string_view name, const FloatArray& value) {
      FloatArray& all = taps[str("mid.", name)];
      all.shape = out.shape;
      all.data.insert(all.data.end(), value.data.begin(), value.data.end());
    });
    const FloatArray states = lookup ? encoder.embed(row) : encoder.encode(row);
    std::copy(states.data.begin(), states.data.end(), out.row(b).begin());
  }
  for (const auto& [name, value] : taps) comparison.check(name, value);
  comparison.check(lookup ? "out.embeddings" : "out.last_hidden_state", out);
}

}  // namespace ams::golden
