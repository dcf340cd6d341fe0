#include "nets/qwen_lm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/str.h"
#include "nets/native_lm.h"
#include "nets/qwen_text_encoder.h"
#include "tensor/graph.h"

namespace ams {
namespace {

// Graphs see the caches in whole buckets, so that a step graph serves this many tokens before it is
// rebuilt. Also the granularity that GPU attention kernels like.
constexpr int64_t kBucket = 256;
constexpr int64_t kPrefillChunk = 512;  // tokens computed at once

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

class QwenSession : public LmSession {
 public:
  QwenSession(const QwenTransformer& transformer,
              const Device& device,
              const LmSessionOptions& options,
              bool exact_caches);

  int64_t length(int64_t sequence) const override { return lengths_[index(sequence)]; }
  int64_t num_logits() const override;
  void set_output_rows(const OutputRows& rows) override;
  void prefill(int64_t sequence, std::span<const int32_t> tokens, std::span<float> logits) override;
  void prefill_all(int64_t sequence,
                   std::span<const int32_t> tokens,
                   std::span<float> logits) override;
  void step(std::span<const int32_t> tokens, std::span<float> logits) override;
  void fork(int64_t from, int64_t to, int64_t tokens) override;
  void truncate(int64_t sequence, int64_t tokens) override;

 private:
  // Which cached sequences a graph reads: `count` of them from `first` on, `tokens` new tokens
  // each.
  struct Shape {
    int64_t first = 0;
    int64_t count = 0;
    int64_t tokens = 0;
    int64_t cached = 0;  // cache rows that are seen, a multiple of kBucket
    bool all_logits = false;
    bool operator==(const Shape&) const = default;
  };
  struct Pass {
    Shape shape;
    Tensor ids, positions, rows, mask, extra_ids, logits;
    std::unique_ptr<Graph> graph;
  };

  static size_t index(int64_t value) { return static_cast<size_t>(value); }
  std::vector<PersistentTensors::Spec> cache_specs() const;
  void check_capacity(int64_t sequence, int64_t more) const;
  Pass build_pass(const Shape& shape) const;
  Tensor attend(GraphBuilder& g, const Pass& pass, int64_t layer, const Heads& heads) const;
  void run(Pass& pass, std::span<const int32_t> tokens, std::span<float> logits);
  void prefill_chunks(int64_t sequence,
                      std::span<const int32_t> tokens,
                      std::span<float> logits,
                      bool all);

  const QwenTransformer& transformer_;
  const Device& device_;
  int64_t sequences_, capacity_;
  PersistentTensors caches_;  // keys and values of each layer, [sequences, capacity, kv_heads * D]
  std::vector<int64_t> lengths_;
  OutputRows output_rows_;
  Pass step_;    // one token of every sequence
  Pass single_;  // one token of one sequence
  std::vector<float> mask_;
};

QwenSession::QwenSession(const QwenTransformer& transformer,
                         const Device& device,
                         const LmSessionOptions& options,
                         bool exact_caches)
    : transformer_(transformer),
      device_(device),
      sequences_(options.num_sequences),
      capacity_(round_up(options.max_tokens, kBucket)),
      caches_(device, cache_specs(), exact_caches),
      lengths_(index(options.num_sequences), 0) {
  output_rows_.end = static_cast<int32_t>(transformer.config().vocab_size);
}

std::vector<PersistentTensors::Spec> QwenSession::cache_specs() const {
  const QwenConfig& config = transformer_.config();
  PersistentTensors::Spec cache{
      {sequences_, capacity_, config.num_key_value_heads * config.head_dim},
      /*cache_type=*/true};
  return std::vector<PersistentTensors::Spec>(index(2 * config.num_hidden_layers), cache);
}

int64_t QwenSession::num_logits() const {
  return output_rows_.end - output_rows_.begin + static_cast<int64_t>(output_rows_.extra.size());
}

void QwenSession::set_output_rows(const OutputRows& rows) {
  const auto vocab = static_cast<int32_t>(transformer_.config().vocab_size);
  OutputRows chosen = rows;
  if (chosen.end == 0) chosen.end = vocab;
  const auto outside = [&](int32_t id) { return id < 0 || id >= vocab; };
  if (chosen.begin < 0 || chosen.begin >= chosen.end || chosen.end > vocab ||
      std::any_of(chosen.extra.begin(), chosen.extra.end(), outside)) {
    throw Error(ErrorCode::InvalidRequest,
                str("lm: output rows ",
                    chosen.begin,
                    " to ",
                    chosen.end,
                    " are not inside the vocabulary of ",
                    vocab));
  }
  output_rows_ = std::move(chosen);
  step_ = Pass{};
  single_ = Pass{};
}

void QwenSession::check_capacity(int64_t sequence, int64_t more) const {
  if (sequence < 0 || sequence >= sequences_) {
    throw Error(ErrorCode::Internal,
                str("lm: sequence ", sequence, " of ", sequences_, " does not exist"));
  }
  const int64_t need = lengths_[index(sequence)] + more;
  if (need <= capacity_) return;
  throw Error(ErrorCode::InvalidRequest,
              str("lm: ",
                  need,
                  " tokens do not fit a context of ",
                  capacity_,
                  "; shorten the prompt, the lyrics or the duration"));
}

Tensor QwenSession::attend(GraphBuilder& g,
                           const Pass& pass,
                           int64_t layer,
                           const Heads& heads) const {
  const QwenConfig& config = transformer_.config();
  const int64_t width = config.num_key_value_heads * config.head_dim;
  const Shape& shape = pass.shape;
  const int64_t rows = shape.count * shape.tokens;
  const auto store = [&](Tensor values, Tensor cache) {
    const Tensor table = g.reshape(cache, {sequences_ * capacity_, width});
    g.effect(g.set_rows(table, g.reshape(values, {rows, width}), pass.rows));
    // [count, cached, kv_heads, D] of the sequences that this pass extends.
    const Tensor seen =
        g.slice(g.slice(cache, 0, shape.first, shape.first + shape.count), 1, 0, shape.cached);
    return g.split_last(seen, config.num_key_value_heads, config.head_dim);
  };
  const Tensor k = store(heads.k, caches_[index(2 * layer)]);
  const Tensor v = store(heads.v, caches_[index(2 * layer + 1)]);
  const Tensor q =
      g.reshape(heads.q, {shape.count, shape.tokens, config.num_attention_heads, config.head_dim});
  const Tensor mixed = g.cached_attention(q, k, v, pass.mask);
  return g.reshape(mixed, {1, rows, config.num_attention_heads * config.head_dim});
}

QwenSession::Pass QwenSession::build_pass(const Shape& shape) const {
  Pass pass;
  pass.shape = shape;
  const int64_t rows = shape.count * shape.tokens;
  const int64_t hidden = transformer_.config().hidden_size;
  const QwenAttention attention = [&](GraphBuilder& g, int64_t layer, const Heads& heads) {
    return attend(g, pass, layer, heads);
  };
  pass.graph = std::make_unique<Graph>(device_, [&](GraphBuilder& g) {
    pass.ids = g.index_input("ids", {rows});
    pass.positions = g.index_input("positions", {rows});
    pass.rows = g.row_input("rows", {rows});
    pass.mask = g.mask_input("mask", {shape.count, 1, shape.tokens, shape.cached});
    const Tensor x = g.reshape(transformer_.embed(g, pass.ids), {1, rows, hidden});
    Tensor states = g.reshape(transformer_.build(g, x, pass.positions, attention), {rows, hidden});
    // A prefill of one sequence needs the logits of its last token only.
    if (!shape.all_logits && shape.count == 1) states = g.slice(states, 0, rows - 1, rows);
    HeadRows head{output_rows_.begin, output_rows_.end, {}};
    if (!output_rows_.extra.empty()) {
      head.extra_ids =
          g.index_input("extra_ids", {static_cast<int64_t>(output_rows_.extra.size())});
      pass.extra_ids = head.extra_ids;
    }
    pass.logits = g.output("logits", transformer_.logits(g, states, head));
  });
  if (pass.extra_ids) pass.graph->set(pass.extra_ids, std::span<const int32_t>(output_rows_.extra));
  return pass;
}

void QwenSession::run(Pass& pass, std::span<const int32_t> tokens, std::span<float> logits) {
  const Shape& shape = pass.shape;
  std::vector<int32_t> positions;
  std::vector<int64_t> rows;
  mask_.assign(index(shape.count * shape.tokens * shape.cached),
               -std::numeric_limits<float>::infinity());
  for (int64_t s = 0; s < shape.count; ++s) {
    const int64_t start = lengths_[index(shape.first + s)];
    for (int64_t i = 0; i < shape.tokens; ++i) {
      positions.push_back(static_cast<int32_t>(start + i));
      rows.push_back((shape.first + s) * capacity_ + start + i);
      const auto row = mask_.begin() + (s * shape.tokens + i) * shape.cached;
      std::fill(row, row + start + i + 1, 0.0f);
    }
  }
  pass.graph->set(pass.ids, tokens);
  pass.graph->set(pass.positions, std::span<const int32_t>(positions));
  pass.graph->set(pass.rows, std::span<const int64_t>(rows));
  pass.graph->set_mask(pass.mask, mask_);
  pass.graph->run();
  if (!logits.empty()) pass.graph->get(pass.logits, logits);
  for (int64_t s = 0; s < shape.count; ++s) lengths_[index(shape.first + s)] += shape.tokens;
}

void QwenSession::prefill_chunks(int64_t sequence,
                                 std::span<const int32_t> tokens,
                                 std::span<float> logits,
                                 bool all) {
  check_tokens(tokens, transformer_.config().vocab_size);
  const auto total = static_cast<int64_t>(tokens.size());
  check_capacity(sequence, total);
  const int64_t rows = num_logits();
  if (static_cast<int64_t>(logits.size()) != (all ? total : 1) * rows) {
    throw Error(ErrorCode::Internal, str("lm: room for ", logits.size(), " logits given"));
  }
  for (int64_t done = 0; done < total;) {
    Shape shape;
    shape.first = sequence;
    shape.count = 1;
    shape.tokens = std::min(kPrefillChunk, total - done);
    shape.cached = round_up(lengths_[index(sequence)] + shape.tokens, kBucket);
    shape.all_logits = all;
    // Single tokens come one by one while a grammar is followed; their graph is kept like a step's.
    const bool single = shape.tokens == 1;
    if (single && (!single_.graph || single_.shape != shape)) single_ = build_pass(shape);
    Pass chunk;
    if (!single) chunk = build_pass(shape);
    Pass& pass = single ? single_ : chunk;
    const bool last = done + shape.tokens == total;
    std::span<float> out = last ? logits : std::span<float>();
    if (all) out = logits.subspan(index(done * rows), index(shape.tokens * rows));
    run(pass, tokens.subspan(index(done), index(shape.tokens)), out);
    done += shape.tokens;
  }
}

void QwenSession::prefill(int64_t sequence,
                          std::span<const int32_t> tokens,
                          std::span<float> logits) {
  prefill_chunks(sequence, tokens, logits, /*all=*/false);
}

void QwenSession::prefill_all(int64_t sequence,
                              std::span<const int32_t> tokens,
                              std::span<float> logits) {
  prefill_chunks(sequence, tokens, logits, /*all=*/true);
}

void QwenSession::step(std::span<const int32_t> tokens, std::span<float> logits) {
  check_tokens(tokens, transformer_.config().vocab_size);
  if (static_cast<int64_t>(tokens.size()) != sequences_ ||
      static_cast<int64_t>(logits.size()) != sequences_ * num_logits()) {
    throw Error(ErrorCode::Internal,
                str("lm: a step of ", sequences_, " sequences got ", tokens.size(), " tokens"));
  }
  for (int64_t s = 0; s < sequences_; ++s) check_capacity(s, 1);
  Shape shape;
  shape.count = sequences_;
  shape.tokens = 1;
  shape.cached = round_up(*std::max_element(lengths_.begin(), lengths_.end()) + 1, kBucket);
  if (!step_.graph || step_.shape != shape) step_ = build_pass(shape);
  run(step_, tokens, logits);
}

void QwenSession::fork(int64_t from, int64_t to, int64_t tokens) {
  check_capacity(from, 0);
  check_capacity(to, 0);
  if (tokens < 0 || tokens > lengths_[index(from)]) {
    throw Error(ErrorCode::Internal,
                str("lm: cannot fork ", tokens, " of ", lengths_[index(from)], " tokens"));
  }
  const auto tensors = index(2 * transformer_.config().num_hidden_layers);
  for (size_t i = 0; i < tensors && tokens > 0; ++i) caches_.copy_rows(i, from, to, tokens);
  lengths_[index(to)] = tokens;
}

void QwenSession::truncate(int64_t sequence, int64_t tokens) {
  check_capacity(sequence, 0);
  lengths_[index(sequence)] = std::min(lengths_[index(sequence)], std::max<int64_t>(0, tokens));
}

}  // namespace

QwenLm::QwenLm(const WeightScope& w,
               const QwenConfig& config,
               const Device& device,
               bool exact_caches)
    : transformer_(w, config, QwenTransformer::Head::Logits),
      device_(&device),
      exact_caches_(exact_caches) {}

void check_session(const CausalLm& lm, const LmSessionOptions& options) {
  const int64_t limit = lm.max_position_embeddings();
  if (options.num_sequences < 1 || options.max_tokens < 1 || options.max_tokens > limit) {
    throw Error(ErrorCode::InvalidRequest,
                str("lm: a context of ",
                    options.max_tokens,
                    " tokens was asked for, expected 1 to ",
                    limit));
  }
}

std::unique_ptr<LmSession> QwenLm::open(const LmSessionOptions& options) {
  if (!device_->has_native_networks()) return open_portable(options);
  if (!native_) native_ = make_native_lm(*this);
  return native_->open(options);
}

std::unique_ptr<LmSession> QwenLm::open_portable(const LmSessionOptions& options) const {
  check_session(*this, options);
  return std::make_unique<QwenSession>(transformer_, *device_, options, exact_caches_);
}

}  // namespace ams
