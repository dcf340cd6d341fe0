// A language model whose logits are a function of all tokens so far, and that keeps a log.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "nets/causal_lm.h"

namespace ams {

using Ids = std::vector<int32_t>;

// Logits over the whole vocabulary after `tokens`.
using Script = std::function<void(std::span<const int32_t> tokens, std::span<float> logits)>;

struct LmLog {
  int64_t sessions = 0;
  int64_t prefilled = 0;  // tokens
  int64_t steps = 0;
  int64_t num_sequences = 0;
  int64_t max_tokens = 0;
  std::vector<Ids> sequences;  // as they ended
};

class FakeSession : public LmSession {
 public:
  FakeSession(int64_t vocab, const LmSessionOptions& options, Script script, LmLog& log)
      : vocab_(vocab), capacity_(options.max_tokens), script_(std::move(script)), log_(log) {
    sequences_.resize(static_cast<size_t>(options.num_sequences));
    set_output_rows({});
  }
  ~FakeSession() override { log_.sequences = sequences_; }

  int64_t length(int64_t s) const override {
    return std::ssize(sequences_[static_cast<size_t>(s)]);
  }
  int64_t num_logits() const override { return rows_.end - rows_.begin + std::ssize(rows_.extra); }
  void set_output_rows(const OutputRows& rows) override {
    rows_ = rows;
    if (rows_.end == 0) rows_.end = static_cast<int32_t>(vocab_);
  }
  void prefill(int64_t s, std::span<const int32_t> tokens, std::span<float> logits) override {
    ASSERT_FALSE(tokens.empty());
    Ids& sequence = sequences_[static_cast<size_t>(s)];
    sequence.insert(sequence.end(), tokens.begin(), tokens.end());
    log_.prefilled += std::ssize(tokens);
    write_logits(sequence, logits);
  }
  void prefill_all(int64_t, std::span<const int32_t>, std::span<float>) override {}
  void step(std::span<const int32_t> tokens, std::span<float> logits) override {
    ASSERT_EQ(tokens.size(), sequences_.size());
    ++log_.steps;
    const auto row = static_cast<size_t>(num_logits());
    for (size_t s = 0; s < tokens.size(); ++s) {
      sequences_[s].push_back(tokens[s]);
      write_logits(sequences_[s], logits.subspan(s * row, row));
    }
  }
  void fork(int64_t from, int64_t to, int64_t tokens) override {
    const Ids& source = sequences_[static_cast<size_t>(from)];
    ASSERT_LE(tokens, std::ssize(source));
    sequences_[static_cast<size_t>(to)].assign(source.begin(), source.begin() + tokens);
  }
  void truncate(int64_t s, int64_t tokens) override {
    ASSERT_LE(tokens, length(s));
    sequences_[static_cast<size_t>(s)].resize(static_cast<size_t>(tokens));
  }

 private:
  void write_logits(const Ids& sequence, std::span<float> logits) {
    ASSERT_LE(std::ssize(sequence), capacity_);
    ASSERT_EQ(std::ssize(logits), num_logits());
    std::vector<float> all(static_cast<size_t>(vocab_), 0.0f);
    script_(sequence, all);
    std::copy(all.begin() + rows_.begin, all.begin() + rows_.end, logits.begin());
    for (size_t i = 0; i < rows_.extra.size(); ++i) {
      logits[static_cast<size_t>(rows_.end - rows_.begin) + i] =
          all[static_cast<size_t>(rows_.extra[i])];
    }
  }

  int64_t vocab_;
  int64_t capacity_;
  Script script_;
  LmLog& log_;
  OutputRows rows_;
  std::vector<Ids> sequences_;
};

class FakeLm : public CausalLm {
 public:
  FakeLm(int64_t vocab, Script script) : vocab_(vocab), script_(std::move(script)) {}
  int64_t vocab_size() const override { return vocab_; }
  int64_t max_position_embeddings() const override { return 8000; }
  std::unique_ptr<LmSession> open(const LmSessionOptions& options) override {
    ++log.sessions;
    log.num_sequences = options.num_sequences;
    log.max_tokens = options.max_tokens;
    return std::make_unique<FakeSession>(vocab_, options, script_, log);
  }
  LmLog log;

 private:
  int64_t vocab_;
  Script script_;
};

// Any text, decided by everything before it: the same prefix gives the same logits.
inline void hashed_logits(std::span<const int32_t> tokens, std::span<float> logits) {
  uint32_t state = 2166136261u;
  for (const int32_t token : tokens) state = (state ^ static_cast<uint32_t>(token)) * 16777619u;
  for (float& logit : logits) {
    state = state * 1664525u + 1013904223u;
    logit = static_cast<float>(state >> 8) / static_cast<float>(1 << 22);
  }
}

}  // namespace ams
