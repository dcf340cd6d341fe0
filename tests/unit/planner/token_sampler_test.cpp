#include "planner/token_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The plain way: sort everything, cut, normalise. Probability of each candidate.
std::vector<double> sorted_reference(const std::vector<float>& logits,
                                     const SelectionOptions& options) {
  std::vector<size_t> order;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > -kInfinity) order.push_back(i);
  }
  std::stable_sort(
      order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  if (options.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(options.top_k)));
  const auto weight = [&](size_t i) {
    return std::exp(static_cast<double>(logits[i] - logits[order[0]]) /
                    static_cast<double>(options.temperature));
  };
  double total = 0.0;
  for (const size_t i : order) total += weight(i);
  const bool cuts = options.top_p > 0.0f && options.top_p < 1.0f;
  double kept = 0.0;
  std::vector<double> probabilities(logits.size(), 0.0);
  for (const size_t i : order) {
    if (cuts && kept >= total * static_cast<double>(options.top_p)) break;
    probabilities[i] = weight(i);
    kept += weight(i);
  }
  for (double& probability : probabilities) probability /= kept;
  return probabilities;
}

std::vector<float> normal_logits(size_t count, float deviation, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

// Draws on an even grid of the unit interval, so that frequencies are exact to one grid step.
std::vector<double> frequencies(const std::vector<float>& logits, const SelectionOptions& options) {
  constexpr int kDraws = 1000;
  TokenSelector selector;
  std::vector<double> counts(logits.size(), 0.0);
  for (int draw = 0; draw < kDraws; ++draw) {
    const int64_t chosen = selector.select(logits, options, (draw + 0.5) / kDraws);
    counts[static_cast<size_t>(chosen)] += 1.0 / kDraws;
  }
  return counts;
}

TEST(TokenSelector, draws_with_the_probabilities_of_a_full_sort) {
  for (const float deviation : {0.0f, 0.01f, 1.0f, 4.0f, 30.0f}) {
    for (const SelectionOptions options : {SelectionOptions{},
                                           SelectionOptions{.temperature = 0.85f, .top_p = 0.9f},
                                           SelectionOptions{.temperature = 2.0f, .top_p = 0.3f},
                                           SelectionOptions{.temperature = 0.5f, .top_k = 7},
                                           SelectionOptions{.top_k = 40, .top_p = 0.6f},
                                           SelectionOptions{.top_k = 1},
                                           SelectionOptions{.top_p = 1e-6f}}) {
      const std::vector<float> logits = normal_logits(100, deviation, 11);
      const std::vector<double> wanted = sorted_reference(logits, options);
      const std::vector<double> got = frequencies(logits, options);
      for (size_t i = 0; i < logits.size(); ++i) {
        EXPECT_NEAR(got[i], wanted[i], 2.1e-3) << "deviation " << deviation << " top_p "
                                               << options.top_p << " top_k " << options.top_k;
      }
    }
  }
}

TEST(TokenSelector, keeps_exactly_the_candidates_of_a_full_sort) {
  for (const float deviation : {0.02f, 1.0f, 8.0f}) {
    const std::vector<float> logits = normal_logits(20'000, deviation, 5);
    const SelectionOptions options{.temperature = 0.85f, .top_p = 0.9f};
    const std::vector<double> wanted = sorted_reference(logits, options);
    const auto kept = std::count_if(wanted.begin(), wanted.end(), [](double p) { return p > 0.0; });
    TokenSelector selector;
    std::set<int64_t> drawn;
    for (int draw = 0; draw < 500; ++draw) {
      const int64_t chosen = selector.select(logits, options, draw / 500.0);
      EXPECT_GT(wanted[static_cast<size_t>(chosen)], 0.0);
      drawn.insert(chosen);
    }
    EXPECT_LE(static_cast<int64_t>(drawn.size()), kept);
    EXPECT_GT(drawn.size(), 1u);
  }
}

TEST(TokenSelector, equal_logits_are_cut_by_position) {
  const std::vector<float> logits(1000, 1.5f);
  TokenSelector selector;
  for (int draw = 0; draw < 100; ++draw) {
    EXPECT_LT(selector.select(logits, {.top_p = 0.25f}, draw / 100.0), 250);
  }
  EXPECT_EQ(selector.select(logits, {.top_k = 10}, 0.999999), 9);
  EXPECT_EQ(selector.select(logits, {}, 0.999999), 999);
}

TEST(TokenSelector, temperature_zero_takes_the_first_best) {
  TokenSelector selector;
  const std::vector<float> logits{1.0f, 3.0f, 3.0f, kNan, -kInfinity};
  EXPECT_EQ(selector.select(logits, {.temperature = 0.0f}, 0.9), 1);
  EXPECT_EQ(selector.select(logits, {.temperature = 1e-30f}, 0.4), 1);
}

TEST(TokenSelector, excluded_candidates_are_never_drawn) {
  std::vector<float> logits(500, -kInfinity);
  logits[7] = -1000.0f;
  logits[8] = kNan;
  logits[400] = -1000.5f;
  for (const SelectionOptions options :
       {SelectionOptions{}, SelectionOptions{.top_p = 0.99f}, SelectionOptions{.top_k = 50}}) {
    TokenSelector selector;
    for (int draw = 0; draw < 100; ++draw) {
      const int64_t chosen = selector.select(logits, options, draw / 100.0);
      EXPECT_TRUE(chosen == 7 || chosen == 400);
    }
    EXPECT_EQ(selector.select(logits, options, 0.0), 7);
    EXPECT_EQ(selector.select(logits, options, 0.9999999), 400);
  }
}

TEST(TokenSelector, unusable_logits_are_an_error) {
  TokenSelector selector;
  EXPECT_THROW(selector.select(std::vector<float>{}, {}, 0.5), Error);
  EXPECT_THROW(selector.select(std::vector<float>(9, -kInfinity), {}, 0.5), Error);
  EXPECT_THROW(selector.select(std::vector<float>(9, kNan), {}, 0.5), Error);
  EXPECT_THROW(selector.select(std::vector<float>{0.0f, kInfinity}, {}, 0.5), Error);
}

TEST(TokenSelector, extreme_logits_stay_finite) {
  TokenSelector selector;
  const float most = std::numeric_limits<float>::max();
  const std::vector<float> logits{-most, most, 0.0f, most};
  for (const float temperature : {1e-20f, 1.0f, 2.0f}) {
    EXPECT_EQ(selector.select(logits, {.temperature = temperature, .top_p = 0.9f}, 0.1), 1);
    EXPECT_EQ(selector.select(logits, {.temperature = temperature, .top_p = 0.9f}, 0.9), 3);
  }
}

TEST(TokenSampler, guidance_moves_away_from_the_unconditional) {
  std::vector<float> cond{1.0f, 2.0f};
  apply_guidance(cond, std::vector<float>{0.0f, 3.0f}, 2.0f);
  EXPECT_EQ(cond, (std::vector<float>{2.0f, 1.0f}));
}

TEST(TokenSampler, repetition_penalty_counts_each_token_once) {
  std::vector<float> logits{2.0f, -2.0f, 1.0f};
  RepetitionPenalty penalty(2.0f);
  penalty.add(std::vector<int32_t>{0, 1, 0, 99, -5});
  penalty.add(std::vector<int32_t>{1});
  penalty.apply(logits);
  EXPECT_EQ(logits, (std::vector<float>{1.0f, -4.0f, 1.0f}));
}

TEST(TokenSampler, constraints_hold_whatever_the_logits) {
  const std::vector<float> logits{9.0f, 1.0f, 2.0f, 8.0f};
  TokenSampler sampler({.temperature = 0.0f}, [] { return 0.5; });
  const std::vector<int32_t> allowed{2, 1};
  EXPECT_EQ(sampler.sample(logits, {.allowed = allowed}), 2);
  const std::vector<uint8_t> banned{1, 0, 0};  // token 3 is past its end
  EXPECT_EQ(sampler.sample(logits, {.banned = banned}), 2);
  const std::vector<int32_t> unknown{77};  // past the model's vocabulary
  EXPECT_THROW(sampler.sample(logits, {.allowed = unknown}), Error);
}

TEST(TokenSampler, greedy_constraints_use_no_random_number) {
  TokenSampler sampler({}, []() -> double { throw Error(ErrorCode::Internal, "drawn"); });
  const std::vector<int32_t> allowed{0, 1};
  EXPECT_EQ(sampler.sample(std::vector<float>{0.0f, 1.0f}, {.allowed = allowed, .is_greedy = true}),
            1);
}

}  // namespace
}  // namespace ams
