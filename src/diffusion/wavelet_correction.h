// Wavelet correction of a step (DCW of ACE-Step 1.5): pulls the moved latents x away from the clean
// latents y = x_old - t v that the step predicted, band by band along time:
//   low:    x_L += t s (x_L - y_L)            high: x_H += (1 - t) s (x_H - y_H)
//   double: x_L += t s (x_L - y_L),  x_H += (1 - t) s_h (x_H - y_H)
//   pix:    x += s (x - y), no wavelet
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diffusion/latent_shape.h"
#include "diffusion/wavelet.h"

namespace ams {

enum class CorrectionMode { Low, High, Double, Pixel };

// A choice of the mode by name.
struct CorrectionModeInfo {
  CorrectionMode mode;
  std::string_view name;
  std::string_view label;
};
std::span<const CorrectionModeInfo> correction_modes();

// Throws InvalidRequest on an unknown name.
CorrectionMode find_correction_mode(std::string_view name);

struct CorrectionOptions {
  CorrectionMode mode = CorrectionMode::Double;
  double scale = 0.05;           // s above
  double high_scale = 0.02;      // s_h above, mode Double only
  std::string wavelet = "haar";  // key of wavelets()
};

// Throws InvalidRequest on an unknown wavelet or scales that are not finite.
void validate(const CorrectionOptions& options);

// Confined to the thread that samples.
class WaveletCorrection {
 public:
  // Throws as validate() does.
  WaveletCorrection(const LatentShape& shape, const CorrectionOptions& options);

  // latents: x, corrected in place. clean: y, overwritten. t: noise level at the step's start.
  void correct(std::span<float> latents, std::span<float> clean, float t);

 private:
  LatentShape shape_;
  CorrectionOptions options_;
  WaveletTransform transform_;
  std::vector<float> low_band_, high_band_;  // of one item
};

}  // namespace ams
