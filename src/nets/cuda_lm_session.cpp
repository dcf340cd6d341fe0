#include "nets/cuda_lm_session.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "cuda/lm/lm_product.h"
#include "nets/qwen_text_encoder.h"
#include "tensor/dtype.h"

namespace ams {
namespace {

// A recorded step looks at whole buckets of the caches: blocks behind a sequence's end cost little.
constexpr int64_t kBucket = 1024;

// Angles as the reference has them: fp32 frequencies times positions.
std::vector<float> rotary_table(const QwenConfig& config, int64_t positions) {
  const int64_t pairs = config.head_dim / 2;
  std::vector<float> frequencies;
  for (int64_t i = 0; i < pairs; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(config.head_dim);
    const auto exact = static_cast<float>(std::pow(double{config.rope_theta}, exponent));
    frequencies.push_back(config.rounds_rotary_tables ? bf16_to_float(float_to_bf16(exact))
                                                      : exact);
  }
  std::vector<float> table;
  table.reserve(static_cast<size_t>(positions * config.head_dim));
  for (int64_t position = 0; position < positions; ++position) {
    for (const float frequency : frequencies) {
      const float angle = static_cast<float>(position) * frequency;
      table.push_back(std::cos(angle));
      table.push_back(std::sin(angle));
    }
  }
  return table;
}

}  // namespace

CudaLmSession::CudaLmSession(const QwenLm& lm,
                             std::shared_ptr<cuda::Queue> queue,
                             const LmSessionOptions& options)
    : vocab_size_(lm.vocab_size()),
      weights_(lm.weights()),
      sizes_(lm.config(), options, lm.has_exact_caches(), weights_.all_bf16),
      queue_(std::move(queue)),
      memory_(sizes_, nullptr),
      lengths_(index(options.num_sequences), 0) {
  metered_ = MeteredBytes(lm.device().meter(), memory_.bytes);
  if (queue_) {
    block_ = queue_->allocate(memory_.bytes);
    memory_ = CudaLmMemory(sizes_, static_cast<std::byte*>(block_.get()));
    fill_rotary();
  }
  head_.range = vocab_size_;
}

void CudaLmSession::fill_rotary() {
  const std::vector<float> table = rotary_table(sizes_.config, sizes_.capacity);
  queue_->upload(memory_.rotary, table.data(), table.size() * sizeof(float));
}

void CudaLmSession::set_output_rows(const OutputRows& rows) {
  const auto vocab = static_cast<int32_t>(vocab_size_);
  const int32_t end = rows.end == 0 ? vocab : rows.end;
  const auto outside = [&](int32_t id) { return id < 0 || id >= vocab; };
  if (rows.begin < 0 || rows.begin >= end || end > vocab ||
      std::any_of(rows.extra.begin(), rows.extra.end(), outside)) {
    throw Error(ErrorCode::InvalidRequest,
                str("lm: output rows ",
                    rows.begin,
                    " to ",
                    end,
                    " are not inside the vocabulary of ",
                    vocab));
  }
  const CudaLmHead head{rows.begin, end - rows.begin, static_cast<int64_t>(rows.extra.size())};
  if (head.width() > vocab_size_) {
    throw Error(ErrorCode::InvalidRequest,
                str("lm: ", head.width(), " output rows of a vocabulary of ", vocab));
  }
  head_ = head;
  steps_.clear();
  if (queue_ && !rows.extra.empty()) {
    queue_->upload(memory_.extra_rows, rows.extra.data(), rows.extra.size() * sizeof(int32_t));
  }
}

void CudaLmSession::check_capacity(int64_t sequence, int64_t more) const {
  if (sequence < 0 || sequence >= sizes_.sequences) {
    throw Error(ErrorCode::Internal,
                str("lm: sequence ", sequence, " of ", sizes_.sequences, " does not exist"));
  }
  const int64_t need = lengths_[index(sequence)] + more;
  if (need <= sizes_.capacity) return;
  throw Error(ErrorCode::InvalidRequest,
              str("lm: ",
                  need,
                  " tokens do not fit a context of ",
                  sizes_.capacity,
                  "; shorten the prompt, the lyrics or the duration"));
}

int64_t CudaLmSession::bucket_of(int64_t positions) const {
  return std::min((positions + kBucket - 1) / kBucket * kBucket, sizes_.capacity);
}

// Tells the card about the next tokens: one of each sequence, or several of one.
void CudaLmSession::place_rows(int64_t first_sequence,
                               int64_t sequences,
                               std::span<const int32_t> tokens) {
  const size_t each = tokens.size() / index(sequences);
  std::vector<int32_t> rows(index(3 * sizes_.most_rows), 0);
  most_positions_ = 0;
  for (size_t row = 0; row < tokens.size(); ++row) {
    const int64_t sequence = first_sequence + static_cast<int64_t>(row / each);
    const int64_t position = lengths_[index(sequence)] + static_cast<int64_t>(row % each);
    rows[row] = tokens[row];
    rows[index(sizes_.most_rows) + row] = static_cast<int32_t>(sequence);
    rows[index(2 * sizes_.most_rows) + row] = static_cast<int32_t>(position);
    most_positions_ = std::max(most_positions_, position + 1);
  }
  if (queue_) queue_->upload(memory_.rows, rows.data(), rows.size() * sizeof(int32_t));
}

// One token of each of `rows` sequences, with the logits of all.
void CudaLmSession::run_step(int64_t rows, std::span<float> logits) {
  if (!queue_) {
    std::fill(logits.begin(), logits.end(), 0.0f);
    return;
  }
  const int64_t bucket = bucket_of(most_positions_);
  const auto work = [this, rows, bucket] {
    CudaLmPass pass(*queue_, weights_, sizes_, memory_);
    pass.layers(rows, bucket);
    pass.logits(0, rows, head_);
  };
  Step& step = steps_[{rows, bucket}];
  if (!step.has_run) {
    work();
    step.has_run = true;
  } else {
    if (!step.recording) step.recording = queue_->record(work);
    step.recording->run();
  }
  queue_->download(logits.data(), memory_.logits, logits.size_bytes());
}

// Several tokens of one sequence, with the logits of all, of the last or, if there is no room for
// any, of none.
void CudaLmSession::run_chunk(int64_t rows, bool all, std::span<float> logits) {
  if (!queue_) {
    std::fill(logits.begin(), logits.end(), 0.0f);
    return;
  }
  CudaLmPass pass(*queue_, weights_, sizes_, memory_);
  pass.layers(rows, bucket_of(most_positions_));
  if (logits.empty()) return;
  for (int64_t first = all ? 0 : rows - 1; first < rows; first += cuda::kMostProductRows) {
    const int64_t count = std::min<int64_t>(cuda::kMostProductRows, rows - first);
    pass.logits(first, count, head_);
    const std::span<float> out = logits.first(index(count * head_.width()));
    queue_->download(out.data(), memory_.logits, out.size_bytes());
    logits = logits.subspan(out.size());
  }
}

void CudaLmSession::prefill_chunks(int64_t sequence,
                                   std::span<const int32_t> tokens,
                                   std::span<float> logits,
                                   bool all) {
  check_tokens(tokens, vocab_size_);
  const auto total = static_cast<int64_t>(tokens.size());
  check_capacity(sequence, total);
  const int64_t width = num_logits();
  if (static_cast<int64_t>(logits.size()) != (all ? total : 1) * width) {
    throw Error(ErrorCode::Internal, str("lm: room for ", logits.size(), " logits given"));
  }
  for (int64_t done = 0; done < total;) {
    const int64_t rows = std::min(sizes_.most_rows, total - done);
    const bool last = done + rows == total;
    std::span<float> out = last ? logits : std::span<float>();
    if (all) out = logits.subspan(index(done * width), index(rows * width));
    place_rows(sequence, 1, tokens.subspan(index(done), index(rows)));
    // Single tokens come one by one while a grammar is followed.
    if (rows == 1 && !out.empty()) {
      run_step(1, out);
    } else {
      run_chunk(rows, all, out);
    }
    lengths_[index(sequence)] += rows;
    done += rows;
  }
}

void CudaLmSession::prefill(int64_t sequence,
                            std::span<const int32_t> tokens,
                            std::span<float> logits) {
  prefill_chunks(sequence, tokens, logits, /*all=*/false);
}

void CudaLmSession::prefill_all(int64_t sequence,
                                std::span<const int32_t> tokens,
                                std::span<float> logits) {
  prefill_chunks(sequence, tokens, logits, /*all=*/true);
}

void CudaLmSession::step(std::span<const int32_t> tokens, std::span<float> logits) {
  check_tokens(tokens, vocab_size_);
  if (static_cast<int64_t>(tokens.size()) != sizes_.sequences ||
      static_cast<int64_t>(logits.size()) != sizes_.sequences * num_logits()) {
    throw Error(
        ErrorCode::Internal,
        str("lm: a step of ", sizes_.sequences, " sequences got ", tokens.size(), " tokens"));
  }
  for (int64_t s = 0; s < sizes_.sequences; ++s) check_capacity(s, 1);
  place_rows(0, sizes_.sequences, tokens);
  run_step(sizes_.sequences, logits);
  for (int64_t& length : lengths_) ++length;
}

void CudaLmSession::fork(int64_t from, int64_t to, int64_t tokens) {
  check_capacity(from, 0);
  check_capacity(to, 0);
  if (tokens < 0 || tokens > lengths_[index(from)]) {
    throw Error(ErrorCode::Internal,
                str("lm: cannot fork ", tokens, " of ", lengths_[index(from)], " tokens"));
  }
  const size_t line = index(sizes_.kv_width()) * sizes_.cache_value_bytes();
  const size_t stride = index(sizes_.capacity) * line;
  for (size_t layer = 0; queue_ && from != to && tokens > 0 && layer < weights_.layers.size();
       ++layer) {
    const cuda::LmCache cache = memory_.cache(sizes_, layer);
    for (void* values : {cache.keys, cache.values}) {
      auto* const bytes = static_cast<std::byte*>(values);
      queue_->copy(bytes + index(to) * stride, bytes + index(from) * stride, index(tokens) * line);
    }
  }
  lengths_[index(to)] = tokens;
}

void CudaLmSession::truncate(int64_t sequence, int64_t tokens) {
  check_capacity(sequence, 0);
  lengths_[index(sequence)] = std::min(lengths_[index(sequence)], std::max<int64_t>(0, tokens));
}

}  // namespace ams
