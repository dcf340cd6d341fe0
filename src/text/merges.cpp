#include "text/merges.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace ams {
namespace {

constexpr uint64_t kFree = ~uint64_t{0};  // no pair: token ids are not negative

uint64_t pair_key(int32_t left, int32_t right) {
  return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
}

}  // namespace

MergeTable::MergeTable(size_t count)
    : slots_(std::bit_ceil(2 * count + 2), Slot{kFree, {}}),
      shift_(64 - std::countr_zero(slots_.size())) {}

// Fibonacci hashing, then the next slot that holds `pair` or is free.
size_t MergeTable::slot_of(uint64_t pair) const {
  size_t slot = static_cast<size_t>((pair * 0x9E3779B97F4A7C15u) >> shift_);
  while (slots_[slot].pair != pair && slots_[slot].pair != kFree) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

bool MergeTable::insert(int32_t left, int32_t right, Merge merge) {
  const uint64_t pair = pair_key(left, right);
  Slot& slot = slots_[slot_of(pair)];
  if (slot.pair == pair) return false;
  slot = Slot{pair, merge};
  return true;
}

const Merge* MergeTable::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(pair_key(left, right))];
  return slot.pair == kFree ? nullptr : &slot.merge;
}

bool PieceMerger::is_later(const Candidate& a, const Candidate& b) {
  return std::tie(a.merge.rank, a.left_symbol) > std::tie(b.merge.rank, b.left_symbol);
}

bool PieceMerger::consider(int32_t left_symbol) {
  const Symbol& left = symbols_[static_cast<size_t>(left_symbol)];
  if (left.next < 0) return false;
  const int32_t right_token = symbols_[static_cast<size_t>(left.next)].token;
  const Merge* merge = merges_.find(left.token, right_token);
  if (merge == nullptr) return false;
  heap_.push_back({*merge, left_symbol, left.token, right_token});
  return true;
}

void PieceMerger::apply(const Candidate& candidate) {
  Symbol& left = symbols_[static_cast<size_t>(candidate.left_symbol)];
  if (left.token != candidate.left_token || left.next < 0) return;
  Symbol& right = symbols_[static_cast<size_t>(left.next)];
  if (right.token != candidate.right_token) return;
  left.token = candidate.merge.token;
  left.next = right.next;
  right.token = -1;
  if (left.next >= 0) symbols_[static_cast<size_t>(left.next)].previous = candidate.left_symbol;
  for (const int32_t symbol : {left.previous, candidate.left_symbol}) {
    if (symbol >= 0 && consider(symbol)) std::push_heap(heap_.begin(), heap_.end(), is_later);
  }
}

void PieceMerger::merge(std::string_view piece, std::vector<int32_t>& tokens) {
  symbols_.clear();
  heap_.clear();
  const auto count = static_cast<int32_t>(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
    symbols_.push_back({byte_tokens_[byte], i - 1, i + 1 < count ? i + 1 : -1});
  }
  for (int32_t i = 0; i + 1 < count; ++i) consider(i);
  std::make_heap(heap_.begin(), heap_.end(), is_later);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    const Candidate candidate = heap_.back();
    heap_.pop_back();
    apply(candidate);
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.token >= 0) tokens.push_back(symbol.token);
  }
}

}  // namespace ams
