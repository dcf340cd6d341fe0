#include "diffusion/adg.h"

#include <algorithm>
#include <cmath>

#include "diffusion/plain_guidance.h"

namespace ams {

AngleGuidance::AngleGuidance(const LatentShape& shape, double scale, AngleOptions options)
    : Guidance(scale),
      shape_(shape),
      options_(options),
      text_(static_cast<size_t>(shape.channels)),
      null_(static_cast<size_t>(shape.channels)),
      norms_(options.keeps_norm ? static_cast<size_t>(shape.batch * shape.channels) : 0) {}

void AngleGuidance::guide_frame(const GuidanceInput& input, size_t begin, std::span<float> guided) {
  double text_norm = 0.0, null_norm = 0.0, product = 0.0, difference_on_null = 0.0;
  for (size_t c = 0; c < text_.size(); ++c) {
    text_[c] = input.latents[begin + c] - input.t * input.conditional[begin + c];
    null_[c] = input.latents[begin + c] - input.t * input.unconditional[begin + c];
    text_norm += double{text_[c]} * text_[c];
    null_norm += double{null_[c]} * null_[c];
    product += double{text_[c]} * null_[c];
    difference_on_null += double{text_[c] - null_[c]} * null_[c];
  }
  constexpr double kMaxCosine = 1.0 - 1e-6;
  const double lengths = std::sqrt(text_norm) * std::sqrt(null_norm);
  const double cosine = lengths > 0.0 ? product / lengths : 0.0;
  const double angle = std::acos(std::clamp(cosine, -kMaxCosine, kMaxCosine));
  const double weight = std::max(scale_ - 1.0, 0.0) + 1e-3;
  double wide_angle = weight * angle;
  if (options_.angle_limit) wide_angle = std::min(wide_angle, *options_.angle_limit);
  const double sine = std::sin(angle);
  const auto across = static_cast<float>(sine > 1e-3 ? std::sin(wide_angle) / sine : weight);
  const auto along = static_cast<float>(std::cos(wide_angle));
  const auto on_null = static_cast<float>(difference_on_null / (null_norm + 1e-8));
  for (size_t c = 0; c < text_.size(); ++c) {
    const float perpendicular = (text_[c] - null_[c]) - on_null * null_[c];
    const float clean = along * text_[c] + across * perpendicular;
    guided[begin + c] = (input.latents[begin + c] - clean) / input.t;
  }
}

void AngleGuidance::guide(const GuidanceInput& input, std::span<float> guided) {
  if (!(input.t > 0.0f)) {
    plain_guidance(input.conditional, input.unconditional, scale_, guided);
    return;
  }
  const size_t channels = text_.size();
  std::fill(norms_.begin(), norms_.end(), 0.0);
  for (size_t begin = 0; begin < guided.size(); begin += channels) {
    guide_frame(input, begin, guided);
    if (!options_.keeps_norm) continue;
    const size_t row = begin / shape_.item_size() * channels;
    for (size_t c = 0; c < channels; ++c) norms_[row + c] += double{text_[c]} * text_[c];
  }
  if (options_.keeps_norm) restore_norms(input.latents, input.t, guided);
}

void AngleGuidance::restore_norms(std::span<const float> latents,
                                  float t,
                                  std::span<float> guided) const {
  const size_t channels = text_.size();
  for (size_t row = 0; row < norms_.size(); ++row) {
    const size_t begin = row / channels * shape_.item_size() + row % channels;
    const size_t end = begin + shape_.item_size();
    double norm = 0.0;
    for (size_t i = begin; i < end; i += channels) {
      const double clean = latents[i] - t * guided[i];
      norm += clean * clean;
    }
    const double factor = norm > 0.0 ? std::sqrt(norms_[row] / norm) : 1.0;
    for (size_t i = begin; i < end; i += channels) {
      const double clean = latents[i] - t * guided[i];
      guided[i] = static_cast<float>((latents[i] - factor * clean) / t);
    }
  }
}

void AngleGuidance::guide_corrector(const GuidanceInput& input, std::span<float> guided) {
  guide(input, guided);
}

}  // namespace ams
