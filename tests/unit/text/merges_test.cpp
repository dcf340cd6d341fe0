#include "text/merges.h"

#include <map>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace ams {
namespace {

using Pair = std::pair<int32_t, int32_t>;

std::array<int32_t, 256> identity_tokens() {
  std::array<int32_t, 256> tokens{};
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i);
  return tokens;
}

// The definition: again and again merge the leftmost pair of lowest rank.
std::vector<int32_t> merge_slowly(std::string_view piece, const std::map<Pair, Merge>& merges) {
  std::vector<int32_t> tokens;
  for (const char c : piece) tokens.push_back(static_cast<unsigned char>(c));
  while (true) {
    std::optional<size_t> best;
    int32_t best_rank = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = merges.find({tokens[i], tokens[i + 1]});
      if (found == merges.end() || (best && found->second.rank >= best_rank)) continue;
      best = i;
      best_rank = found->second.rank;
    }
    if (!best) return tokens;
    tokens[*best] = merges.at({tokens[*best], tokens[*best + 1]}).token;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(*best) + 1);
  }
}

TEST(PieceMerger, agrees_with_the_definition_on_random_merges) {
  std::mt19937 random(7);
  const std::array<int32_t, 256> byte_tokens = identity_tokens();
  for (int round = 0; round < 200; ++round) {
    std::map<Pair, Merge> merges;
    std::vector<int32_t> known = {'a', 'b', 'c'};
    MergeTable table(30);
    for (int32_t rank = 0; rank < 30; ++rank) {
      const Pair pair = {known[random() % known.size()], known[random() % known.size()]};
      const Merge merge = {rank, 256 + rank};
      const bool is_new = merges.emplace(pair, merge).second;
      EXPECT_EQ(table.insert(pair.first, pair.second, merge), is_new);
      if (is_new) known.push_back(merge.token);
    }
    PieceMerger merger(table, byte_tokens);
    for (int sample = 0; sample < 20; ++sample) {
      std::string piece(random() % 60, 'a');
      for (char& c : piece) c = static_cast<char>('a' + random() % 3);
      std::vector<int32_t> tokens;
      merger.merge(piece, tokens);
      EXPECT_EQ(tokens, merge_slowly(piece, merges)) << piece;
    }
  }
}

TEST(MergeTable, finds_only_what_was_inserted) {
  MergeTable table(2);
  EXPECT_TRUE(table.insert(1, 2, {0, 3}));
  EXPECT_FALSE(table.insert(1, 2, {1, 4}));
  EXPECT_TRUE(table.insert(2, 1, {1, 5}));
  ASSERT_NE(table.find(1, 2), nullptr);
  EXPECT_EQ(table.find(1, 2)->token, 3);
  EXPECT_EQ(table.find(1, 1), nullptr);
}

}  // namespace
}  // namespace ams
