// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11, "Parallel random numbers: as
// easy as 1, 2, 3"). The same seed and purpose give the same numbers whatever else runs.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>

namespace ams {

// One block: four random words from a 128-bit counter and a 64-bit key, words in rising order.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// What numbers are drawn for. Streams of one seed are independent of each other.
enum class RandomPurpose : uint32_t {
  Noise = 1,          // initial latents
  Planner = 2,        // token sampling
  ReferenceClip = 3,  // where segments of a reference recording start
  Sde = 4,            // fresh noise within sampling
  Lyrics = 5,         // token sampling of the lyrics model
};

// The numbers of one purpose, seeded from a job's seed. A UniformRandomBitGenerator.
// A small value type; a copy continues on its own. Not for concurrent use of one object.
class PhiloxStream {
 public:
  // The name that standard distributions look for.
  using result_type = uint32_t;  // NOLINT(readability-identifier-naming)

  // `row` separates the sequences of a batch.
  PhiloxStream(uint64_t seed, RandomPurpose purpose, uint32_t row = 0);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

  double uniform();                        // in [0, 1), 53 bits
  void fill_normal(std::span<float> out);  // standard normal draws (Box-Muller, four a block)

 private:
  std::array<uint32_t, 4> next_block();

  std::array<uint32_t, 2> key_;
  uint32_t purpose_;
  uint32_t row_;
  uint64_t block_ = 0;
  std::array<uint32_t, 4> words_{};
  size_t used_words_ = 4;
};

}  // namespace ams
