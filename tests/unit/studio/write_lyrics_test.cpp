#include "studio/lyrics/write_lyrics.h"

#include <algorithm>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "planner/fake_lm.h"
#include "planner/fake_tokenizer.h"

namespace ams {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int32_t kEndOfText = 256;  // of FakeTokenizer, behind its bytes
constexpr int32_t kTurnEnd = 258;

// Writes `text` behind the prompt whatever else could be drawn, then `end` for ever.
Script says(size_t prompt_tokens, std::string text, int32_t end) {
  return [=](std::span<const int32_t> tokens, std::span<float> logits) {
    const size_t at = tokens.size() - prompt_tokens;
    const int32_t next = at < text.size() ? static_cast<unsigned char>(text[at]) : end;
    std::fill(logits.begin(), logits.end(), -1000.0f);
    logits[static_cast<size_t>(next)] = 1000.0f;
  };
}

class WriteLyrics : public testing::Test {
 protected:
  WriteLyrics() {
    request_.max_new_tokens = 100;
    request_.seed = 7;
  }
  WrittenLyrics write(Script script) {
    FakeLm lm(tokenizer_.vocab_size() + 50, std::move(script));  // a padded table
    const WrittenLyrics written = write_lyrics(lm, tokenizer_, prompt_, request_, context_);
    log_ = lm.log;
    return written;
  }

  const FakeTokenizer tokenizer_;
  const std::vector<int32_t> prompt_ = tokenizer_.encode("prompt", SpecialTokens::AsText);
  LyricsRequest request_;
  LyricsContext context_;
  LmLog log_;
};

TEST_F(WriteLyrics, text_ends_with_the_models_turn) {
  for (const int32_t end : {kTurnEnd, kEndOfText}) {
    const WrittenLyrics written = write(says(prompt_.size(), "[verse]\nla\n", end));
    EXPECT_EQ(written.text, "[verse]\nla\n");
    EXPECT_EQ(written.tokens, 11);
    EXPECT_EQ(written.stop_reason, LyricsStop::EndOfTurn);
  }
}

TEST_F(WriteLyrics, end_marker_stops_the_model) {
  const WrittenLyrics written = write(says(prompt_.size(), "la\n[end]\nmore", kTurnEnd));
  EXPECT_EQ(written.text, "la\n");
  EXPECT_EQ(written.stop_reason, LyricsStop::Marker);
  EXPECT_EQ(written.tokens, 9);  // nothing is computed behind the marker
}

TEST_F(WriteLyrics, limit_is_the_number_of_new_tokens) {
  const WrittenLyrics written = write(says(prompt_.size(), std::string(500, 'a'), kTurnEnd));
  EXPECT_EQ(written.text, std::string(100, 'a'));
  EXPECT_EQ(written.tokens, 100);
  EXPECT_EQ(written.stop_reason, LyricsStop::Length);
  EXPECT_EQ(log_.steps, 99);  // the last token needs no logits behind it
}

TEST_F(WriteLyrics, pieces_are_whole_characters_and_make_the_text) {
  std::vector<std::string> pieces;
  context_.text = [&](std::string_view piece) { pieces.emplace_back(piece); };
  const WrittenLyrics written = write(says(prompt_.size(), "夜の列車", kTurnEnd));
  EXPECT_THAT(pieces, testing::ElementsAre("夜", "の", "列", "車"));
  EXPECT_EQ(written.text, "夜の列車");
}

TEST_F(WriteLyrics, progress_counts_tokens) {
  int64_t last = 0;
  context_.progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.stage, "writing");
    EXPECT_EQ(progress.step, last + 1);
    EXPECT_EQ(progress.total, 100);
    EXPECT_EQ(progress.message.ends_with(" tokens/s"), progress.step > 1);
    last = progress.step;
  };
  write(says(prompt_.size(), "la la", kTurnEnd));
  EXPECT_EQ(last, 5);
}

TEST_F(WriteLyrics, stop_request_ends_it_within_a_token) {
  std::stop_source stop;
  context_.stop = stop.get_token();
  int64_t tokens = 0;
  context_.progress = [&](const Progress&) {
    if (++tokens == 3) stop.request_stop();
  };
  EXPECT_THAT([&] { write(says(prompt_.size(), "la la la", kTurnEnd)); },
              ThrowsMessage<Error>(HasSubstr("cancelled")));
  EXPECT_EQ(tokens, 3);
}

TEST_F(WriteLyrics, same_seed_same_text) {
  const std::string first = write(hashed_logits).text;
  EXPECT_EQ(write(hashed_logits).text, first);
  request_.seed = 8;
  EXPECT_NE(write(hashed_logits).text, first);
}

TEST_F(WriteLyrics, temperature_of_zero_takes_the_likeliest) {
  request_.temperature = 0;
  const std::string first = write(hashed_logits).text;
  request_.seed = 8;
  EXPECT_EQ(write(hashed_logits).text, first);
}

TEST_F(WriteLyrics, repetition_penalty_counts_prompt_and_output) {
  request_.temperature = 0;
  const Script close = [](std::span<const int32_t>, std::span<float> logits) {
    std::fill(logits.begin(), logits.end(), -10.0f);
    logits['p'] = 2.05f;  // occurs in the prompt: 1.86 with the penalty of 1.1
    logits['a'] = 2.0f;   // 1.82 once it was written
    logits['b'] = 1.9f;
  };
  EXPECT_EQ(write(close).text.substr(0, 4), "abpp");
  request_.repetition_penalty = 1;
  EXPECT_EQ(write(close).text.substr(0, 4), "pppp");
}

TEST_F(WriteLyrics, knobs_narrow_the_draw) {
  const Script even = [](std::span<const int32_t>, std::span<float> logits) {
    std::fill(logits.begin(), logits.end(), -1000.0f);
    logits['a'] = 1.2f;
    logits['b'] = 1.1f;
    logits['c'] = 1.0f;
  };
  request_.repetition_penalty = 1;
  request_.temperature = 2;
  request_.top_p = 1;
  request_.top_k = 2;
  EXPECT_EQ(write(even).text.find('c'), std::string::npos);
  EXPECT_NE(write(even).text.find('b'), std::string::npos);
  request_.top_k = 0;
  EXPECT_NE(write(even).text.find('c'), std::string::npos);
  request_.top_p = 0.3;
  EXPECT_EQ(write(even).text, std::string(100, 'a'));
}

TEST_F(WriteLyrics, rows_without_a_token_are_never_drawn) {
  const Script padding = [&](std::span<const int32_t>, std::span<float> logits) {
    std::fill(logits.begin(), logits.end(), 0.0f);
    logits.back() = 1000.0f;
  };
  EXPECT_EQ(write(padding).stop_reason, LyricsStop::Length);
}

TEST_F(WriteLyrics, what_does_not_fit_the_context_is_refused) {
  FakeLm lm(tokenizer_.vocab_size(), hashed_logits);
  const std::vector<int32_t> prompt(7950, 'a');
  EXPECT_THAT([&] { write_lyrics(lm, tokenizer_, prompt, request_, context_); },
              ThrowsMessage<Error>(HasSubstr("context holds 8000; shorten the brief")));
}

}  // namespace
}  // namespace ams
