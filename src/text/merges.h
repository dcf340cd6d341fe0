// Byte-pair merging (Sennrich et al., arXiv:1508.07909) on token ids.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ams {

// What a pair of neighbouring tokens becomes; a lower rank merges first.
struct Merge {
  int32_t rank;
  int32_t token;
};

// A hash table from pairs of token ids to their merge. Immutable after filling.
class MergeTable {
 public:
  explicit MergeTable(size_t count);  // room for `count` merges

  // False if the pair is already there. At most `count` calls.
  bool insert(int32_t left, int32_t right, Merge merge);
  const Merge* find(int32_t left, int32_t right) const;  // null if the pair does not merge

 private:
  struct Slot {
    uint64_t pair;
    Merge merge;
  };
  size_t slot_of(uint64_t pair) const;

  std::vector<Slot> slots_;  // open addressing, at most half full
  int shift_;
};

// Merges pieces of bytes. Keeps working memory between pieces: one object per thread.
class PieceMerger {
 public:
  // `byte_tokens[b]` is the token of the single byte b. Both must outlive the object.
  PieceMerger(const MergeTable& merges, const std::array<int32_t, 256>& byte_tokens)
      : merges_(merges), byte_tokens_(byte_tokens) {}

  // Appends the tokens of `piece` to `tokens`: the pair of lowest rank is merged first, the
  // leftmost among equals. O(n log n) in the piece's bytes.
  void merge(std::string_view piece, std::vector<int32_t>& tokens);

 private:
  struct Symbol {
    int32_t token;  // -1: swallowed by its left neighbour
    int32_t previous;
    int32_t next;
  };
  struct Candidate {
    Merge merge;
    int32_t left_symbol;
    int32_t left_token;  // with right_token: still valid only if both symbols hold these
    int32_t right_token;
  };
  static bool is_later(const Candidate& a, const Candidate& b);
  // Adds the pair at `left_symbol` behind the heap; false if it does not merge.
  bool consider(int32_t left_symbol);
  void apply(const Candidate& candidate);

  const MergeTable& merges_;
  const std::array<int32_t, 256>& byte_tokens_;
  std::vector<Symbol> symbols_;  // a doubly linked list, -1 at both ends
  std::vector<Candidate> heap_;
};

}  // namespace ams
