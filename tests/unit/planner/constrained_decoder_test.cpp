#include "planner/constrained_decoder.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "planner/fake_tokenizer.h"
#include "planner/golden_tokenizers.h"
#include "planner/reasoning_parser.h"

namespace ams {
namespace {

using Ids = std::vector<int32_t>;

const PlannerGrammar& fake_grammar() {
  static const PlannerGrammar grammar(std::make_shared<FakeTokenizer>());
  return grammar;
}

// A model that wants `wish` above all and spreads the rest at random.
std::vector<float> logits_for(const PlannerGrammar& grammar, std::mt19937& random, int32_t wish) {
  std::vector<float> logits(static_cast<size_t>(grammar.tokenizer().vocab_size()));
  for (float& logit : logits) logit = std::uniform_real_distribution<float>(-4.0f, 4.0f)(random);
  if (wish >= 0) logits[static_cast<size_t>(wish)] = 50.0f;
  return logits;
}

bool allows(const TokenConstraint& constraint, int32_t token) {
  if (!constraint.allowed.empty()) {
    return std::find(constraint.allowed.begin(), constraint.allowed.end(), token) !=
           constraint.allowed.end();
  }
  return constraint.banned[static_cast<size_t>(token)] == 0;
}

int32_t best_allowed(const TokenConstraint& constraint, const std::vector<float>& logits) {
  int32_t best = -1;
  for (size_t i = 0; i < logits.size(); ++i) {
    const auto token = static_cast<int32_t>(i);
    if (!allows(constraint, token)) continue;
    if (best < 0 || logits[i] > logits[static_cast<size_t>(best)]) best = token;
  }
  return best;
}

// Decodes greedily until the end; every token goes through the constraint.
std::string decode(ConstrainedDecoder& decoder,
                   const PlannerGrammar& grammar,
                   uint32_t seed,
                   int32_t wish = -1) {
  std::mt19937 random(seed);
  std::string text;
  for (int steps = 0; !decoder.is_done() && steps < 3000; ++steps) {
    std::optional<int32_t> token = decoder.forced();
    if (!token) {
      const std::vector<float> logits = logits_for(grammar, random, wish);
      token = best_allowed(decoder.constraint(logits), logits);
    }
    decoder.accept(*token);
    text += grammar.tokenizer().token_bytes(*token);
  }
  EXPECT_TRUE(decoder.is_done());
  return text;
}

void push_text(ConstrainedDecoder& decoder, const std::string& text) {
  for (const char c : text) decoder.accept(static_cast<unsigned char>(c));
}

void push_forced(ConstrainedDecoder& decoder) {
  while (const std::optional<int32_t> token = decoder.forced()) decoder.accept(*token);
}

void expect_complete(const SongMetadata& metadata, const std::string& text) {
  ASSERT_TRUE(metadata.bpm) << text;
  EXPECT_TRUE(*metadata.bpm >= kMinBpm && *metadata.bpm <= kMaxBpm) << text;
  ASSERT_TRUE(metadata.duration_seconds) << text;
  EXPECT_TRUE(*metadata.duration_seconds >= 10 && *metadata.duration_seconds <= 600) << text;
  EXPECT_EQ(normalise_key_scale(metadata.key_scale), metadata.key_scale) << text;
  EXPECT_FALSE(metadata.key_scale.empty()) << text;
  EXPECT_FALSE(metadata.language.empty()) << text;
  EXPECT_NO_THROW(normalise_language(metadata.language)) << text;
  EXPECT_FALSE(metadata.time_signature.empty()) << text;
}

TEST(ConstrainedDecoder, random_models_write_valid_metadata) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    ConstrainedDecoder decoder(fake_grammar(), {});
    const std::string text = decode(decoder, fake_grammar(), seed);
    EXPECT_EQ(text.substr(0, 8), "<think>\n");
    EXPECT_EQ(text.substr(text.size() - 10), "<|im_end|>");
    expect_complete(parse_reasoning(text.substr(0, text.size() - 10)), text);
  }
}

TEST(ConstrainedDecoder, the_grammar_wins_over_a_model_that_insists) {
  const Tokenizer& tokenizer = fake_grammar().tokenizer();
  for (const char* literal : {"<|im_end|>",
                              "<|endoftext|>",
                              "</think>",
                              "<think>",
                              "<|im_start|>",
                              "<tool_call>",
                              "<|audio_code_7|>",
                              "`"}) {
    const int32_t wish = *tokenizer.find(literal);
    ConstrainedDecoder decoder(fake_grammar(), {});
    std::string text = decode(decoder, fake_grammar(), 3, wish);
    text.resize(text.size() - 10);
    EXPECT_EQ(text.find(literal, 8), std::string::npos) << literal;
    expect_complete(parse_reasoning(text), text);
  }
}

TEST(ConstrainedDecoder, control_characters_never_reach_a_caption) {
  for (const int32_t wish : {0, 7, 13, 127}) {
    ConstrainedDecoder decoder(fake_grammar(), {});
    const std::string text = decode(decoder, fake_grammar(), 5, wish);
    EXPECT_EQ(text.find(static_cast<char>(wish)), std::string::npos);
  }
}

TEST(ConstrainedDecoder, captions_end_at_their_limit) {
  ConstrainedDecoder decoder(fake_grammar(), {.max_caption_tokens = 20});
  const std::string text = decode(decoder, fake_grammar(), 1, 'x');
  EXPECT_NE(text.find("caption:" + std::string(20, 'x') + "\nduration: "), std::string::npos)
      << text;
}

TEST(ConstrainedDecoder, a_caption_goes_on_while_the_model_indents) {
  ConstrainedDecoder decoder(fake_grammar(), {.fixed = {.bpm = 90}});
  push_forced(decoder);
  push_text(decoder, " calm\n");
  EXPECT_FALSE(decoder.forced());
  std::mt19937 random(1);
  // Only an indented line may follow, whatever is sampled.
  const std::vector<float> goes_on = logits_for(fake_grammar(), random, ' ');
  const TokenConstraint line = decoder.constraint(goes_on);
  EXPECT_TRUE(allows(line, ' '));
  EXPECT_TRUE(allows(line, '\t'));
  EXPECT_FALSE(allows(line, 'd'));
  push_text(decoder, "  piano\n");
  const TokenConstraint end = decoder.constraint(logits_for(fake_grammar(), random, 'z'));
  EXPECT_EQ(Ids(end.allowed.begin(), end.allowed.end()), Ids{'d'});  // of "duration:"
  push_forced(decoder);
  push_text(decoder, "60\n");
  EXPECT_EQ(decoder.forced(), 'k');
}

TEST(ConstrainedDecoder, numbers_stay_in_range) {
  ConstrainedDecoder decoder(fake_grammar(), {});
  push_forced(decoder);  // <think>, line break, "bpm:" and the only space
  const std::vector<float> logits(400);
  const auto choices = [&] {
    const TokenConstraint constraint = decoder.constraint(logits);
    Ids ids(constraint.allowed.begin(), constraint.allowed.end());
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  EXPECT_EQ(choices(), (Ids{'1', '2', '3', '4', '5', '6', '7', '8', '9'}));
  decoder.accept('3');
  EXPECT_EQ(choices(), (Ids{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}));
  decoder.accept('0');
  EXPECT_EQ(choices(), (Ids{'\n', '0'}));  // 30 or 300
  EXPECT_THROW(decoder.accept('1'), Error);
  decoder.accept('0');
  EXPECT_EQ(decoder.forced(), '\n');
}

TEST(ConstrainedDecoder, durations_follow_a_smaller_maximum) {
  ConstrainedDecoder decoder(
      fake_grammar(), {.writes_caption = false, .fixed = {.bpm = 90}, .max_duration_seconds = 30});
  push_forced(decoder);
  push_text(decoder, "3");
  const TokenConstraint constraint = decoder.constraint(std::vector<float>(400));
  EXPECT_EQ(Ids(constraint.allowed.begin(), constraint.allowed.end()), Ids{'0'});
}

TEST(ConstrainedDecoder, fixed_values_are_written_as_they_are) {
  ConstrainedDecoder decoder(fake_grammar(),
                             {.writes_caption = false,
                              .fixed = {.bpm = 120,
                                        .duration_seconds = 45,
                                        .key_scale = "B♭ minor",
                                        .language = "yue",
                                        .time_signature = "3"}});
  EXPECT_EQ(decode(decoder, fake_grammar(), 0),
            "<think>\nbpm: 120\nduration: 45\nkeyscale: B♭ minor\nlanguage: yue\n"
            "timesignature: 3\n<|im_end|>");
}

TEST(ConstrainedDecoder, fields_can_be_left_out) {
  ConstrainedDecoder decoder(fake_grammar(), {.writes_caption = false, .writes_language = false});
  const std::string text = decode(decoder, fake_grammar(), 0);
  EXPECT_EQ(text.find("caption"), std::string::npos);
  EXPECT_EQ(text.find("language"), std::string::npos);
}

TEST(ConstrainedDecoder, languages_are_chosen_greedily) {
  ConstrainedDecoder decoder(
      fake_grammar(),
      {.writes_caption = false,
       .fixed = {.bpm = 90, .duration_seconds = 10, .key_scale = "C major"}});
  push_forced(decoder);
  EXPECT_TRUE(decoder.constraint(std::vector<float>(400)).is_greedy);
  decoder.accept('y');
  push_forced(decoder);  // "yue" and its line break need no model
  EXPECT_FALSE(decoder.constraint(std::vector<float>(400)).is_greedy);
}

TEST(ConstrainedDecoder, exactly_so_many_codes) {
  const int32_t end = fake_grammar().end_of_turn();
  ConstrainedDecoder decoder(fake_grammar(), {.goal = PlannerGoal::Codes, .num_codes = 2});
  EXPECT_EQ(decoder.constraint({}).allowed.size(), 100u);
  EXPECT_THROW(decoder.accept(end), Error);
  EXPECT_THROW(decoder.accept('x'), Error);
  decoder.accept(fake_grammar().first_code());
  decoder.accept(fake_grammar().first_code() + 99);
  EXPECT_EQ(decoder.forced(), end);
  EXPECT_THROW(decoder.accept(fake_grammar().first_code()), Error);
  decoder.accept(end);
  EXPECT_TRUE(decoder.is_done());
  EXPECT_THROW(decoder.accept(end), Error);
}

TEST(ConstrainedDecoder, codes_without_a_target_may_end) {
  ConstrainedDecoder decoder(fake_grammar(), {.goal = PlannerGoal::Codes});
  EXPECT_EQ(decoder.constraint({}).allowed.back(), fake_grammar().end_of_turn());
  EXPECT_EQ(decoder.constraint({}).allowed.size(), 101u);
}

TEST(ConstrainedDecoder, descriptions_go_on_with_lyrics) {
  ConstrainedDecoder decoder(
      fake_grammar(),
      {.goal = PlannerGoal::Description,
       .writes_caption = false,
       .writes_language = false,
       .fixed = {
           .bpm = 90, .duration_seconds = 10, .key_scale = "C major", .time_signature = "4"}});
  push_forced(decoder);
  const TokenConstraint lyrics = decoder.constraint({});
  EXPECT_TRUE(allows(lyrics, '`'));
  EXPECT_TRUE(allows(lyrics, '\n'));
  EXPECT_TRUE(allows(lyrics, fake_grammar().end_of_turn()));
  EXPECT_FALSE(allows(lyrics, fake_grammar().first_code()));
  push_text(decoder, "\n\n# Lyric\nla");
  decoder.accept(fake_grammar().end_of_turn());
  EXPECT_TRUE(decoder.is_done());
}

TEST(PlannerGrammar, code_books_end_at_the_model_or_the_tokenizer) {
  EXPECT_EQ(PlannerGrammar(std::make_shared<FakeTokenizer>(), 64).num_codes(), 64);
  EXPECT_EQ(fake_grammar().num_codes(), 100);
  EXPECT_THROW(PlannerGrammar(std::make_shared<FakeTokenizer>(0)), Error);
}

TEST(PlannerGrammar, tiny_checkpoint) {
  const auto folder = find_golden("checkpoints/acestep-5Hz-lm-1.7B");
  if (!folder) GTEST_SKIP() << "golden data is not installed";
  const PlannerGrammar grammar(Tokenizer::load(*folder));
  EXPECT_EQ(grammar.num_codes(), 1000);
  for (uint32_t seed = 0; seed < 10; ++seed) {
    ConstrainedDecoder decoder(grammar, {});
    const std::string text = decode(decoder, grammar, seed);
    expect_complete(parse_reasoning(text.substr(0, text.size() - 10)), text);
  }
}

// The ids in the tables of the reference's decoder.
class RealGrammar : public testing::Test {
 protected:
  void SetUp() override {
    if (!real_planner_tokenizer()) GTEST_SKIP() << "golden data is not installed";
  }
  static const PlannerGrammar& grammar() {
    static const PlannerGrammar grammar(real_planner_tokenizer());
    return grammar;
  }
  static Ids name(PlannerField field) {
    const std::span<const int32_t> ids = grammar().name(field);
    return {ids.begin(), ids.end()};
  }
};

TEST_F(RealGrammar, names_are_spelled_as_the_reference_forces_them) {
  EXPECT_EQ(name(PlannerField::Bpm), (Ids{17808, 76, 25}));
  EXPECT_EQ(name(PlannerField::Caption), (Ids{23347, 25}));
  EXPECT_EQ(name(PlannerField::Duration), (Ids{17021, 25}));
  EXPECT_EQ(name(PlannerField::KeyScale), (Ids{10563, 2246, 25}));
  EXPECT_EQ(name(PlannerField::Language), (Ids{11528, 25}));
  EXPECT_EQ(name(PlannerField::TimeSignature), (Ids{15136, 622, 1568, 25}));
}

TEST_F(RealGrammar, value_ids) {
  EXPECT_EQ(grammar().value_line("120"), (Ids{220, 16, 17, 15, 198}));
  EXPECT_EQ(grammar().value_line("C major"), (Ids{356, 3598, 198}));
  const TokenTree& signatures = grammar().values(PlannerField::TimeSignature);
  const std::span<const int32_t> digits =
      signatures.allowed(signatures.next(TokenTree::kRoot, 220));
  EXPECT_EQ(Ids(digits.begin(), digits.end()), (Ids{17, 18, 19, 21}));

  const TokenTree& languages = grammar().values(PlannerField::Language);
  EXPECT_EQ(languages.allowed(TokenTree::kRoot).size(), 51u);
  const std::span<const int32_t> cantonese =
      languages.allowed(languages.next(TokenTree::kRoot, 379));
  EXPECT_EQ(Ids(cantonese.begin(), cantonese.end()), Ids{361});

  const TokenTree& keys = grammar().values(PlannerField::KeyScale);
  for (const int32_t note : {362, 425, 356, 422, 468, 434, 479, 3680, 11988, 25570}) {
    EXPECT_NO_THROW(keys.next(TokenTree::kRoot, note)) << note;
  }
  const int64_t c = keys.next(TokenTree::kRoot, 356);
  for (const int32_t next : {2, 65, 145346, 145761, 3598, 8922})
    EXPECT_NO_THROW(keys.next(c, next));
}

TEST_F(RealGrammar, code_range) {
  EXPECT_EQ(grammar().first_code(), 151669);
  EXPECT_EQ(grammar().num_codes(), 64000);
  EXPECT_EQ(grammar().code_tokens().back(), 215668);
  EXPECT_EQ(grammar().code_or_end_tokens().back(), 151645);
  EXPECT_EQ(grammar().newline(), 198);
  EXPECT_NE(grammar().banned_in_caption()[63], 0);      // backtick
  EXPECT_NE(grammar().banned_in_caption()[217203], 0);  // the last code slot
}

}  // namespace
}  // namespace ams
