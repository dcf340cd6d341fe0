// Adaptive projected guidance (arXiv:2410.02416) with the constants of ACE-Step 1.5, and with norms
// and projection over TIME for each channel:
//   d = v_c - v_u,  run <- d + momentum run,  d <- run min(1, threshold / |run|)
//   v = v_c + (s - 1) (d - (1 - eta) d_parallel),  d_parallel = the part of d along v_c
#pragma once

#include <vector>

#include "diffusion/guidance.h"

namespace ams {

struct ProjectionOptions {
  double momentum = -0.75;      // 0 = no memory of earlier steps
  double norm_threshold = 2.5;  // longest difference of a channel over time; 0 = no limit
  double eta = 0.0;             // share of the part parallel to v_c that is kept
};

// A value type: a copy continues with its own momentum. Projections accumulate in float64.
class AdaptiveProjectedGuidance : public Guidance {
 public:
  AdaptiveProjectedGuidance(const LatentShape& shape, double scale, ProjectionOptions options = {});

  // Advances the momentum once.
  void guide(const GuidanceInput& input, std::span<float> guided) override;
  // Advances the momentum with v_c - v_u = difference, without a result (flow edit).
  void advance(std::span<const float> difference);
  std::span<const float> momentum() const { return running_; }

 private:
  // Sums over time of one batch row, per channel.
  struct Sums {
    std::vector<double> running;      // run^2
    std::vector<double> conditional;  // v_c^2
    std::vector<double> product;      // run v_c
  };

  LatentShape shape_;
  ProjectionOptions options_;
  std::vector<float> running_;  // [B, T, C]
  Sums sums_;
};

}  // namespace ams
