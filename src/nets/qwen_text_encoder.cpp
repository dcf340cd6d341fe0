#include "nets/qwen_text_encoder.h"

#include <numeric>

#include "base/error.h"
#include "base/str.h"

namespace ams {

void check_tokens(std::span<const int32_t> tokens, int64_t vocab_size) {
  if (tokens.empty()) throw Error(ErrorCode::InvalidRequest, "qwen: the token sequence is empty");
  for (const int32_t token : tokens) {
    if (token >= 0 && token < vocab_size) continue;
    throw Error(ErrorCode::InvalidRequest,
                str("qwen: token id ",
                    token,
                    " is outside the vocabulary of ",
                    vocab_size,
                    "; the tokenizer may be another model's"));
  }
}

QwenTextEncoder::QwenTextEncoder(const WeightScope& w,
                                 const QwenConfig& config,
                                 const Device& device)
    : transformer_(w, config, QwenTransformer::Head::None), device_(&device) {}

FloatArray QwenTextEncoder::encode(std::span<const int32_t> tokens) {
  check_tokens(tokens, vocab_size());
  const auto length = static_cast<int64_t>(tokens.size());
  Tensor ids;
  Tensor positions;
  Tensor states;
  const QwenAttention causal = [](GraphBuilder& g, int64_t, const Heads& heads) {
    AttentionOptions options;
    options.causal = true;
    return g.attention(heads.q, heads.k, heads.v, options);
  };
  GraphOptions options;
  options.keep_taps = static_cast<bool>(observer_);
  Graph graph(
      *device_,
      [&](GraphBuilder& g) {
        ids = g.index_input("ids", {length});
        positions = g.index_input("positions", {length});
        const Tensor x = g.reshape(transformer_.embed(g, ids), {1, length, hidden_size()});
        const Tensor hidden = transformer_.build(g, x, positions, causal);
        states = g.output("states", g.reshape(hidden, {length, hidden_size()}));
      },
      options);
  std::vector<int32_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0);
  graph.set(ids, tokens);
  graph.set(positions, order);
  graph.run();
  report_taps(graph, observer_);
  return graph.get(states);
}

FloatArray QwenTextEncoder::embed(std::span<const int32_t> tokens) {
  check_tokens(tokens, vocab_size());
  Tensor ids;
  Tensor rows;
  Graph graph(*device_, [&](GraphBuilder& g) {
    ids = g.index_input("ids", {static_cast<int64_t>(tokens.size())});
    rows = g.output("rows", transformer_.embed(g, ids));
  });
  graph.set(ids, tokens);
  graph.run();
  return graph.get(rows);
}

}  // namespace ams
