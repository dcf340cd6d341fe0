// The policy of memory on invented numbers, in the order that memory_plan.h states.
#include "studio/models/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::HasSubstr;

constexpr size_t kGiga = size_t{1} << 30;

// A song model of 10, a planner of 4, a text encoder of 2 and a codec of 1 GiB.
MemoryNeeds needs(const MemoryMeasures& measures) {
  size_t song = 10 * kGiga;
  if (measures.precision == Precision::Q8_0) song = 5 * kGiga;
  if (measures.precision == Precision::Q4_K) song = 3 * kGiga;
  MemoryNeeds result;
  result.weights = {2 * kGiga, song, kGiga, 4 * kGiga};
  result.program = kGiga / 2;
  result.stages = {
      {"planning", SongNetwork::Planner, kGiga, 0},
      {"diffusion", SongNetwork::SongModel, measures.splits_guidance ? kGiga : 2 * kGiga, 0},
      {"decoding", SongNetwork::Codec, measures.small_tiles ? kGiga : 3 * kGiga, kGiga / 2}};
  return result;
}

MemoryPlan plan_in(double gibibytes, bool may_quantise = true, bool refuses = true) {
  MemoryBudget budget;
  budget.bytes = static_cast<size_t>(gibibytes * static_cast<double>(kGiga));
  budget.refuses = refuses;
  budget.may_quantise = may_quantise;
  return plan_memory(Precision::BF16, budget, needs);
}

TEST(MemoryPlan, everything_stays_where_it_fits) {
  const MemoryPlan plan = plan_in(21);
  EXPECT_EQ(plan.measures, MemoryMeasures());
  EXPECT_EQ(plan.peak(), 21 * kGiga);  // decoding: 17 weights, 3 buffers, 1 host
}

TEST(MemoryPlan, the_planner_leaves_first) {
  MemoryMeasures expected;
  expected.drops_planner = true;
  EXPECT_EQ(plan_in(20.9).measures, expected);
  EXPECT_EQ(plan_in(17).peak(), 17 * kGiga);
}

TEST(MemoryPlan, then_every_network_works_alone) {
  const MemoryPlan plan = plan_in(13);
  EXPECT_TRUE(plan.measures.keeps_one_network);
  EXPECT_FALSE(plan.measures.splits_guidance);
  EXPECT_EQ(plan.peak(), static_cast<size_t>(12.5 * static_cast<double>(kGiga)));
}

TEST(MemoryPlan, measures_that_do_not_lower_the_peak_are_left_out) {
  const MemoryPlan plan = plan_in(12);  // diffusion is the largest stage, tiles do not help it
  EXPECT_FALSE(plan.measures.small_tiles);
  EXPECT_TRUE(plan.measures.splits_guidance);
  EXPECT_EQ(plan.measures.precision, Precision::BF16);
}

TEST(MemoryPlan, quantising_comes_last_and_only_as_far_as_needed) {
  EXPECT_EQ(plan_in(11).measures.precision, Precision::Q8_0);
  EXPECT_EQ(plan_in(6.4).measures.precision, Precision::Q4_K);
}

TEST(MemoryPlan, what_quantising_makes_needless_is_undone) {
  // In bf16 even two passes were too large; in q8_0 one pass fits again.
  MemoryMeasures expected;
  expected.precision = Precision::Q8_0;
  expected.keeps_one_network = true;
  EXPECT_EQ(plan_in(11.4).measures, expected);
  // A song that is too large in bf16 however it is cut, and fits whole in q8_0.
  const auto huge = [](const MemoryMeasures& measures) {
    MemoryNeeds result = needs(measures);
    if (measures.precision == Precision::BF16) result.weights[1] = 30 * kGiga;
    return result;
  };
  MemoryBudget budget;
  budget.bytes = 16 * kGiga;
  budget.refuses = budget.may_quantise = true;
  MemoryMeasures whole;
  whole.precision = Precision::Q8_0;
  EXPECT_EQ(plan_memory(Precision::BF16, budget, huge).measures, whole);
}

TEST(MemoryPlan, a_chosen_format_is_kept) {
  try {
    plan_in(11, /*may_quantise=*/false);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
    EXPECT_THAT(error.what(), HasSubstr("needs at least 11.50 GiB while diffusion"));
    EXPECT_THAT(error.what(), HasSubstr("11.00 GiB are available"));
    EXPECT_THAT(error.what(), HasSubstr("--quant q4_k"));
  }
}

TEST(MemoryPlan, what_cannot_fit_is_refused_only_by_a_hard_limit) {
  EXPECT_THROW(plan_in(2), Error);
  const MemoryPlan plan = plan_in(2, /*may_quantise=*/false, /*refuses=*/false);
  EXPECT_FALSE(plan.fits);
  EXPECT_TRUE(plan.measures.splits_guidance);
}

TEST(MemoryPlan, lines_name_every_stage) {
  const std::vector<std::string> lines = plan_in(13).lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], HasSubstr("12.50 GiB of 13.00 GiB; bf16, one network at a time"));
  EXPECT_THAT(lines[2], HasSubstr("diffusion: 12.50 GiB = weights 10.00 GiB + buffers 2.00 GiB"));
}

TEST(MemoryPlan, a_card_does_not_count_the_program) {
  MemoryBudget budget;
  budget.bytes = 20 * kGiga;
  budget.counts_host = false;
  EXPECT_EQ(plan_memory(Precision::BF16, budget, needs).measures, MemoryMeasures());
}

TEST(ParseBytes, reads_units_and_refuses_the_rest) {
  EXPECT_EQ(parse_bytes("8G"), 8 * kGiga);
  EXPECT_EQ(parse_bytes("1.5 GiB"), kGiga + kGiga / 2);
  EXPECT_EQ(parse_bytes("800mB"), size_t{800} << 20);
  for (const char* wrong : {"", "G", "8X", "8GG", "-1G", "12", "nanG", "1e30T"}) {
    EXPECT_THROW(parse_bytes(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace ams
