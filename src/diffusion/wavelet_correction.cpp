#include "diffusion/wavelet_correction.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<CorrectionModeInfo, 4> kModes{{
    {CorrectionMode::Low, "low", "Low band"},
    {CorrectionMode::High, "high", "High band"},
    {CorrectionMode::Double, "double", "Both bands"},
    {CorrectionMode::Pixel, "pix", "Latents without wavelet"},
}};

}  // namespace

std::span<const CorrectionModeInfo> correction_modes() { return kModes; }

CorrectionMode find_correction_mode(std::string_view name) {
  for (const CorrectionModeInfo& info : kModes) {
    if (info.name == name) return info.mode;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: wavelet correction mode '",
                  name,
                  "' is unknown, expected low, high, double or pix"));
}

void validate(const CorrectionOptions& options) {
  find_wavelet(options.wavelet);
  if (!std::isfinite(options.scale) || !std::isfinite(options.high_scale)) {
    throw Error(ErrorCode::InvalidRequest,
                str("diffusion: wavelet correction scales are ",
                    options.scale,
                    " and ",
                    options.high_scale,
                    ", expected finite numbers"));
  }
}

WaveletCorrection::WaveletCorrection(const LatentShape& shape, const CorrectionOptions& options)
    : shape_(shape),
      options_(options),
      transform_(find_wavelet(options.wavelet), shape.frames, shape.channels),
      low_band_(transform_.band_size()),
      high_band_(transform_.band_size()) {
  validate(options);
}

void WaveletCorrection::correct(std::span<float> latents, std::span<float> clean, float t) {
  for (size_t i = 0; i < latents.size(); ++i) clean[i] = latents[i] - clean[i];
  const std::span<float> difference = clean;
  if (options_.mode == CorrectionMode::Pixel) {
    const auto scale = static_cast<float>(options_.scale);
    for (size_t i = 0; i < latents.size(); ++i) latents[i] += scale * difference[i];
    return;
  }
  const bool has_low = options_.mode != CorrectionMode::High;
  const bool has_high = options_.mode != CorrectionMode::Low;
  const double high_scale =
      options_.mode == CorrectionMode::Double ? options_.high_scale : options_.scale;
  const auto low_weight = static_cast<float>(has_low ? t * options_.scale : 0.0);
  const auto high_weight = static_cast<float>(has_high ? (1.0 - t) * high_scale : 0.0);
  // The transform is linear, so the weighted bands of x - y are what to add to x.
  for (size_t begin = 0; begin < latents.size(); begin += shape_.item_size()) {
    transform_.decompose(difference.subspan(begin, shape_.item_size()), low_band_, high_band_);
    for (float& value : low_band_) value *= low_weight;
    for (float& value : high_band_) value *= high_weight;
    transform_.add_reconstruction(
        low_band_, high_band_, latents.subspan(begin, shape_.item_size()));
  }
}

}  // namespace ams
