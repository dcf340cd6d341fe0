#include "planner/token_selection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace ams {
namespace {

constexpr int32_t kNumBins = 1024;
constexpr float kBinnedRange = 24.0f;  // in units of the temperature; all below share the last bin
constexpr float kNegligible = -80.0f;  // exp of it counts as zero
constexpr size_t kSortedDirectly = 48;
constexpr size_t kLanes = 16;
constexpr size_t kBlock = 32;

// e^x for x <= 0 within 4e-6 relative, in a form that compilers vectorise.
inline float exp_nonpositive(float x) {
  const float bounded = x > kNegligible ? x : kNegligible;  // also for NaN
  const float exponent = bounded * 1.44269504088896341f;
  const int32_t whole = static_cast<int32_t>(exponent - 0.5f);  // nearest, as exponent <= 0
  const float r = (exponent - static_cast<float>(whole)) * 0.69314718055994531f;
  const float series =
      1.0f +
      r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r / 720)))));
  const float power = std::bit_cast<float>((whole + 127) << 23);
  return x > kNegligible ? series * power : 0.0f;
}

int64_t best_candidate(std::span<const float> logits, float largest) {
  return std::find(logits.begin(), logits.end(), largest) - logits.begin();
}

}  // namespace

int64_t TokenSelector::select(std::span<const float> logits,
                              const SelectionOptions& options,
                              double uniform) {
  const Limits limits = find_limits(logits);
  if (!std::isfinite(limits.largest)) {
    throw Error(ErrorCode::Internal,
                limits.largest > 0 ? "planner: a logit is infinite; the weights may be damaged"
                                   : "planner: no token is left to choose from, all logits are "
                                     "NaN or forbidden");
  }
  if (options.temperature <= 0.0f) return best_candidate(logits, limits.largest);
  weigh(logits, options.temperature, limits);
  const bool has_top_p = options.top_p > 0.0f && options.top_p < 1.0f;
  const double top_p = has_top_p ? static_cast<double>(options.top_p) : 1.0;
  if (options.top_k > 0 && options.top_k < static_cast<int64_t>(logits.size())) {
    return draw_top_k(logits, static_cast<size_t>(options.top_k), top_p, uniform);
  }
  return draw_top_p(logits, top_p, uniform);
}

TokenSelector::Limits TokenSelector::find_limits(std::span<const float> logits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  // Independent lanes, because float minima may not be reordered by the compiler.
  std::array<float, kLanes> largest;
  std::array<float, kLanes> smallest;
  largest.fill(-kInfinity);
  smallest.fill(kInfinity);
  const auto update = [&](size_t lane, float logit) {
    largest[lane] = logit > largest[lane] ? logit : largest[lane];
    const float finite = logit > -kInfinity ? logit : kInfinity;
    smallest[lane] = finite < smallest[lane] ? finite : smallest[lane];
  };
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) update(lane, logits[i + lane]);
  }
  for (; i < logits.size(); ++i) update(0, logits[i]);
  return {*std::max_element(largest.begin(), largest.end()),
          *std::min_element(smallest.begin(), smallest.end())};
}

void TokenSelector::weigh(std::span<const float> logits, float temperature, const Limits& limits) {
  weights_.resize(logits.size());
  bins_.resize(logits.size());
  // A tiny temperature must not make the scaled logits infinite: 0 * infinity is NaN.
  const float scale = 1.0f / std::max(temperature, 1e-6f);
  const float spread = (limits.largest - limits.smallest) * scale;
  const float range = std::clamp(spread, 1e-30f, kBinnedRange);
  const float bins_per_unit = static_cast<float>(kNumBins - 1) / range;
  const float largest = limits.largest;
  const float* const in = logits.data();
  float* const weights = weights_.data();
  int32_t* const bins = bins_.data();
  const size_t size = logits.size();
  for (size_t i = 0; i < size; ++i) {
    const float x = (in[i] - largest) * scale;
    weights[i] = exp_nonpositive(x);
    const float distance = x > -range ? -x : range;  // also for NaN
    bins[i] = static_cast<int32_t>(distance * bins_per_unit);
  }
}

void TokenSelector::fill_masses() {
  // Interleaved sums: neighbours often share a bin, and each addition waits for the one before.
  std::array<std::array<double, kNumBins>, 4> partial{};
  const size_t size = weights_.size();
  size_t i = 0;
  for (; i + partial.size() <= size; i += partial.size()) {
    for (size_t lane = 0; lane < partial.size(); ++lane) {
      partial[lane][static_cast<size_t>(bins_[i + lane])] +=
          static_cast<double>(weights_[i + lane]);
    }
  }
  for (; i < size; ++i) {
    partial[0][static_cast<size_t>(bins_[i])] += static_cast<double>(weights_[i]);
  }
  mass_.resize(kNumBins);
  for (size_t bin = 0; bin < mass_.size(); ++bin) {
    mass_[bin] = (partial[0][bin] + partial[1][bin]) + (partial[2][bin] + partial[3][bin]);
  }
}

void TokenSelector::fill_counts() {
  count_.assign(kNumBins, 0);
  for (size_t i = 0; i < weights_.size(); ++i) {
    count_[static_cast<size_t>(bins_[i])] += weights_[i] > 0.0f ? 1 : 0;
  }
}

int64_t TokenSelector::draw_top_p(std::span<const float> logits, double top_p, double uniform) {
  fill_masses();
  double total = 0.0;
  for (const double mass : mass_) total += mass;
  const double wanted = total * top_p;

  double before = 0.0;  // mass of the bins in front of `limit`
  size_t limit = 0;
  while (limit + 1 < mass_.size() && before + mass_[limit] < wanted) before += mass_[limit++];
  // Bins behind the last candidate are empty; the limit must not be one of them.
  while (limit > 0 && mass_[limit] == 0.0) before -= mass_[--limit];

  double kept_mass = mass_[limit];
  size_t kept_count = 0;
  const bool is_cut = top_p < 1.0;
  if (is_cut) {
    gather(static_cast<int32_t>(limit), static_cast<int32_t>(limit));
    kept_count = keep_heaviest(logits, wanted - before);
    kept_mass = 0.0;
    for (size_t i = 0; i < kept_count; ++i) {
      kept_mass += static_cast<double>(weights_[static_cast<size_t>(members_[i])]);
    }
  }
  double target = uniform * (before + kept_mass);
  for (size_t bin = 0; bin < limit; ++bin) {
    if (target < mass_[bin]) {
      gather(static_cast<int32_t>(bin), static_cast<int32_t>(bin));
      return draw_member(members_.size(), target);
    }
    target -= mass_[bin];
  }
  if (!is_cut) {
    gather(static_cast<int32_t>(limit), static_cast<int32_t>(limit));
    kept_count = members_.size();
  }
  return draw_member(kept_count, target);
}

int64_t TokenSelector::draw_top_k(std::span<const float> logits,
                                  size_t top_k,
                                  double top_p,
                                  double uniform) {
  fill_counts();
  size_t limit = 0;
  int64_t counted = count_[0];
  while (limit + 1 < count_.size() && counted < static_cast<int64_t>(top_k)) {
    counted += count_[++limit];
  }
  gather(0, static_cast<int32_t>(limit));
  const auto is_better = [&](int32_t a, int32_t b) {
    const float logit_a = logits[static_cast<size_t>(a)];
    const float logit_b = logits[static_cast<size_t>(b)];
    return logit_a != logit_b ? logit_a > logit_b : a < b;
  };
  if (members_.size() > top_k) {
    const auto end_of_best = members_.begin() + static_cast<std::ptrdiff_t>(top_k);
    std::nth_element(members_.begin(), end_of_best, members_.end(), is_better);
    members_.resize(top_k);
  }
  std::sort(members_.begin(), members_.end(), is_better);
  double total = 0.0;
  for (const int32_t member : members_) {
    total += static_cast<double>(weights_[static_cast<size_t>(member)]);
  }
  double kept_mass = 0.0;
  size_t kept_count = 0;
  do {
    kept_mass += static_cast<double>(weights_[static_cast<size_t>(members_[kept_count++])]);
  } while (kept_count < members_.size() && kept_mass < total * top_p);
  return draw_member(kept_count, uniform * kept_mass);
}

void TokenSelector::gather(int32_t first_bin, int32_t last_bin) {
  members_.clear();
  const auto gather_range = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (bins_[i] >= first_bin && bins_[i] <= last_bin && weights_[i] > 0.0f) {
        members_.push_back(static_cast<int32_t>(i));
      }
    }
  };
  // Most blocks hold no member, and a block is checked with a few vector instructions.
  const int32_t* const bins = bins_.data();
  const size_t blocks_end = bins_.size() - bins_.size() % kBlock;
  for (size_t block = 0; block < blocks_end; block += kBlock) {
    int32_t found = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      const int32_t bin = bins[block + i];
      found |= static_cast<int32_t>(bin >= first_bin) & static_cast<int32_t>(bin <= last_bin);
    }
    if (found != 0) gather_range(block, block + kBlock);
  }
  gather_range(blocks_end, bins_.size());
}

// Moves the fewest heaviest members that reach `mass` to the front and returns their number:
// quickselect by mass instead of by count, ties by position.
size_t TokenSelector::keep_heaviest(std::span<const float> logits, double mass) {
  const auto logit = [&](int32_t member) { return logits[static_cast<size_t>(member)]; };
  const auto weight = [&](int32_t member) {
    return static_cast<double>(weights_[static_cast<size_t>(member)]);
  };
  auto begin = members_.begin();
  auto end = members_.end();
  while (static_cast<size_t>(end - begin) > kSortedDirectly) {
    const float a = logit(*begin);
    const float b = logit(begin[(end - begin) / 2]);
    const float c = logit(end[-1]);
    const float pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
    const auto equal = std::partition(begin, end, [&](int32_t m) { return logit(m) > pivot; });
    const auto less = std::partition(equal, end, [&](int32_t m) { return logit(m) == pivot; });
    double greater_mass = 0.0;
    for (auto member = begin; member != equal; ++member) greater_mass += weight(*member);
    if (greater_mass >= mass && equal != begin) {
      end = equal;
      continue;
    }
    mass -= greater_mass;
    const double equal_mass = weight(*equal) * static_cast<double>(less - equal);
    if (equal_mass >= mass) {
      const auto needed = static_cast<std::ptrdiff_t>(std::ceil(mass / weight(*equal)));
      const auto kept = equal + std::clamp<std::ptrdiff_t>(needed, 1, less - equal);
      std::nth_element(equal, kept - 1, less);
      return static_cast<size_t>(kept - members_.begin());
    }
    mass -= equal_mass;
    begin = less;
  }
  std::sort(begin, end, [&](int32_t a, int32_t b) {
    return logit(a) != logit(b) ? logit(a) > logit(b) : a < b;
  });
  while (begin != end && mass > 0.0) mass -= weight(*begin++);
  if (begin == members_.begin() && begin != end) ++begin;
  return static_cast<size_t>(begin - members_.begin());
}

int64_t TokenSelector::draw_member(size_t count, double mass) const {
  for (size_t i = 0; i + 1 < count; ++i) {
    mass -= static_cast<double>(weights_[static_cast<size_t>(members_[i])]);
    if (mass < 0.0) return members_[i];
  }
  return members_[count - 1];  // also when rounding left a little mass over
}

}  // namespace ams
