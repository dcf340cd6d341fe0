#include "base/philox.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

namespace ams {
namespace {

uint32_t low_word(uint64_t value) { return static_cast<uint32_t>(value & 0xffffffffu); }
uint32_t high_word(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// Two independent standard normal values from two words.
std::pair<float, float> box_muller(uint32_t first, uint32_t second) {
  constexpr double kWord = 1.0 / 4294967296.0;
  const double u = (first + 0.5) * kWord;  // never 0, so the logarithm is finite
  const double angle = 2.0 * std::numbers::pi * (second + 0.5) * kWord;
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t even = uint64_t{0xD2511F53} * counter[0];
    const uint64_t odd = uint64_t{0xCD9E8D57} * counter[2];
    counter = {high_word(odd) ^ counter[1] ^ key[0],
               low_word(odd),
               high_word(even) ^ counter[3] ^ key[1],
               low_word(even)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

PhiloxStream::PhiloxStream(uint64_t seed, RandomPurpose purpose, uint32_t row)
    : key_{low_word(seed), high_word(seed)}, purpose_(static_cast<uint32_t>(purpose)), row_(row) {}

std::array<uint32_t, 4> PhiloxStream::next_block() {
  const std::array<uint32_t, 4> counter{low_word(block_), high_word(block_), row_, purpose_};
  ++block_;
  return philox4x32(counter, key_);
}

uint32_t PhiloxStream::operator()() {
  if (used_words_ == words_.size()) {
    words_ = next_block();
    used_words_ = 0;
  }
  return words_[used_words_++];
}

double PhiloxStream::uniform() {
  const uint64_t high = (*this)() >> 5;  // 27 bits
  const uint64_t low = (*this)() >> 6;   // 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

void PhiloxStream::fill_normal(std::span<float> out) {
  used_words_ = words_.size();  // start on a whole block
  for (size_t i = 0; i < out.size(); i += 4) {
    const std::array<uint32_t, 4> words = next_block();
    const auto [a, b] = box_muller(words[0], words[1]);
    const auto [c, d] = box_muller(words[2], words[3]);
    const std::array<float, 4> values{a, b, c, d};
    for (size_t lane = 0; lane < 4 && i + lane < out.size(); ++lane) out[i + lane] = values[lane];
  }
}

}  // namespace ams
