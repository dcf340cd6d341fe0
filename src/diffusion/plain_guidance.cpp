#include "diffusion/plain_guidance.h"

namespace ams {

void plain_guidance(std::span<const float> conditional,
                    std::span<const float> unconditional,
                    double scale,
                    std::span<float> guided) {
  const auto s = static_cast<float>(scale);
  for (size_t i = 0; i < guided.size(); ++i) {
    guided[i] = unconditional[i] + s * (conditional[i] - unconditional[i]);
  }
}

void PlainGuidance::guide(const GuidanceInput& input, std::span<float> guided) {
  plain_guidance(input.conditional, input.unconditional, scale_, guided);
}

}  // namespace ams
