#include "diffusion/apg.h"

#include <algorithm>
#include <cmath>

namespace ams {

AdaptiveProjectedGuidance::AdaptiveProjectedGuidance(const LatentShape& shape,
                                                     double scale,
                                                     ProjectionOptions options)
    : Guidance(scale), shape_(shape), options_(options), running_(shape.size()) {
  const auto channels = static_cast<size_t>(shape.channels);
  sums_ = {
      std::vector<double>(channels), std::vector<double>(channels), std::vector<double>(channels)};
}

void AdaptiveProjectedGuidance::guide(const GuidanceInput& input, std::span<float> guided) {
  const auto momentum = static_cast<float>(options_.momentum);
  const auto strength = static_cast<float>(scale_ - 1.0);
  const auto channels = static_cast<size_t>(shape_.channels);
  for (size_t begin = 0; begin < running_.size(); begin += shape_.item_size()) {
    const size_t end = begin + shape_.item_size();
    for (auto* sum : {&sums_.running, &sums_.conditional, &sums_.product}) {
      std::fill(sum->begin(), sum->end(), 0.0);
    }
    for (size_t frame = begin; frame < end; frame += channels) {
      for (size_t c = 0; c < channels; ++c) {
        const size_t i = frame + c;
        const double v = input.conditional[i];
        running_[i] = (input.conditional[i] - input.unconditional[i]) + momentum * running_[i];
        sums_.running[c] += double{running_[i]} * running_[i];
        sums_.conditional[c] += v * v;
        sums_.product[c] += running_[i] * v;
      }
    }
    // From here on: sums_.running = factor of run, sums_.product = factor of v_c in d_parallel.
    for (size_t c = 0; c < channels; ++c) {
      const double norm = std::sqrt(sums_.running[c]);
      const bool is_long = options_.norm_threshold > 0.0 && norm > options_.norm_threshold;
      const double shrink = is_long ? options_.norm_threshold / norm : 1.0;
      const double length = std::max(std::sqrt(sums_.conditional[c]), 1e-12);
      sums_.running[c] = shrink;
      sums_.product[c] *= shrink / (length * length);
    }
    for (size_t frame = begin; frame < end; frame += channels) {
      for (size_t c = 0; c < channels; ++c) {
        const size_t i = frame + c;
        const double parallel = sums_.product[c] * input.conditional[i];
        const double difference = sums_.running[c] * running_[i] - (1.0 - options_.eta) * parallel;
        guided[i] = input.conditional[i] + strength * static_cast<float>(difference);
      }
    }
  }
}

void AdaptiveProjectedGuidance::advance(std::span<const float> difference) {
  const auto momentum = static_cast<float>(options_.momentum);
  for (size_t i = 0; i < running_.size(); ++i) {
    running_[i] = difference[i] + momentum * running_[i];
  }
}

}  // namespace ams
