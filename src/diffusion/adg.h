// Angle-based dynamic guidance of ACE-Step 1.5 (adg_forward). Per frame, on the predicted clean
// latents a = x - t v_c and b = x - t v_u, the angle theta between them is widened:
//   w = max(s - 1, 0) + 1e-3,  theta' = clip(w theta, +-limit),  p = the part of a - b across b
//   x0 = cos(theta') a + sin(theta') / sin(theta) p,  v = (x - x0) / t
#pragma once

#include <optional>
#include <vector>

#include "diffusion/guidance.h"

namespace ams {

struct AngleOptions {
  std::optional<double> angle_limit = 3.14 / 6;  // radians; the reference writes 3.14. Empty: none
  bool keeps_norm = false;  // rescale x0 to the length of a, over time for each channel
};

// Angles in float64. At t = 0 the method is undefined; there it falls back to plain guidance.
class AngleGuidance : public Guidance {
 public:
  AngleGuidance(const LatentShape& shape, double scale, AngleOptions options = {});

  void guide(const GuidanceInput& input, std::span<float> guided) override;
  void guide_corrector(const GuidanceInput& input, std::span<float> guided) override;

 private:
  void guide_frame(const GuidanceInput& input, size_t begin, std::span<float> guided);
  void restore_norms(std::span<const float> latents, float t, std::span<float> guided) const;

  LatentShape shape_;
  AngleOptions options_;
  std::vector<float> text_, null_;  // a and b of one frame
  std::vector<double> norms_;       // [B, C] squared lengths of a over time, if kept
};

}  // namespace ams
