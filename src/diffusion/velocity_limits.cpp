#include "diffusion/velocity_limits.h"

#include <algorithm>
#include <cmath>

namespace ams {
namespace {

double norm(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum);
}

}  // namespace

void clamp_velocity_norm(const LatentShape& shape,
                         std::span<const float> latents,
                         double threshold,
                         std::span<float> velocity) {
  constexpr double kTiny = 1e-10;
  for (size_t begin = 0; begin < velocity.size(); begin += shape.item_size()) {
    const std::span<float> item = velocity.subspan(begin, shape.item_size());
    const double limit = threshold * (norm(latents.subspan(begin, shape.item_size())) + kTiny);
    const auto factor = static_cast<float>(std::min(1.0, limit / (norm(item) + kTiny)));
    for (float& value : item) value *= factor;
  }
}

void blend_velocity(std::span<const float> previous, double factor, std::span<float> velocity) {
  const auto keep = static_cast<float>(1.0 - factor);
  const auto weight = static_cast<float>(factor);
  for (size_t i = 0; i < velocity.size(); ++i) {
    velocity[i] = keep * velocity[i] + weight * previous[i];
  }
}

VelocityAverage::VelocityAverage(const LatentShape& shape, double factor)
    : factor_(factor), previous_(factor > 0.0 ? shape.size() : 0) {}

void VelocityAverage::smooth(std::span<float> velocity) const {
  if (has_previous_) blend_velocity(previous_, factor_, velocity);
}

void VelocityAverage::remember(std::span<const float> velocity) {
  if (factor_ <= 0.0) return;
  std::copy(velocity.begin(), velocity.end(), previous_.begin());
  has_previous_ = true;
}

}  // namespace ams
