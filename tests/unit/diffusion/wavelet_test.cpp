#include "diffusion/wavelet.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "diffusion/wavelet_correction.h"

namespace ams {
namespace {

using testing::FloatNear;
using testing::Pointwise;

std::vector<float> wavy(int64_t frames, int64_t channels) {
  std::vector<float> signal;
  for (int64_t i = 0; i < frames * channels; ++i) {
    signal.push_back(static_cast<float>(std::sin(0.7 * static_cast<double>(i * i % 31))));
  }
  return signal;
}

TEST(Wavelet, filters_are_orthonormal_to_their_even_shifts) {
  for (const Wavelet& wavelet : wavelets()) {
    const auto& h = wavelet.low_pass;
    double sum = 0.0;
    for (const double tap : h) sum += tap;
    EXPECT_NEAR(sum, std::numbers::sqrt2, 1e-10) << wavelet.name;
    for (size_t shift = 0; shift < h.size(); shift += 2) {
      double product = 0.0;
      for (size_t k = shift; k < h.size(); ++k) product += h[k] * h[k - shift];
      EXPECT_NEAR(product, shift == 0 ? 1.0 : 0.0, 1e-10) << wavelet.name;
    }
  }
}

TEST(Wavelet, high_pass_has_as_many_vanishing_moments_as_half_the_taps) {
  for (const Wavelet& wavelet : wavelets()) {
    for (size_t power = 0; power < wavelet.low_pass.size() / 2; ++power) {
      double moment = 0.0, magnitude = 1.0;
      for (size_t k = 0; k < wavelet.low_pass.size(); ++k) {
        const double term = std::pow(static_cast<double>(k), static_cast<double>(power));
        moment += (k % 2 == 0 ? 1.0 : -1.0) * wavelet.low_pass[k] * term;
        magnitude = std::max(magnitude, term);
      }
      EXPECT_NEAR(moment / magnitude, 0.0, 1e-8) << wavelet.name << " power " << power;
    }
  }
}

TEST(Wavelet, inverse_restores_signals_of_any_length) {
  for (const Wavelet& wavelet : wavelets()) {
    for (const int64_t frames : {1, 2, 3, 7, 12, 37, 64}) {
      const WaveletTransform transform(wavelet, frames, 3);
      const std::vector<float> signal = wavy(frames, 3);
      std::vector<float> low(transform.band_size()), high(transform.band_size());
      transform.decompose(signal, low, high);
      std::vector<float> restored(signal.size(), 0.0f);
      transform.add_reconstruction(low, high, restored);
      EXPECT_THAT(restored, Pointwise(FloatNear(1e-5f), signal)) << wavelet.name << " " << frames;
    }
  }
}

TEST(Wavelet, band_frames_follow_the_zero_padded_transform) {
  EXPECT_EQ(WaveletTransform(find_wavelet("haar"), 13, 1).band_frames(), 7);
  EXPECT_EQ(WaveletTransform(find_wavelet("db4"), 12, 1).band_frames(), 9);
  EXPECT_EQ(WaveletTransform(find_wavelet("db4"), 13, 1).band_frames(), 10);
  EXPECT_THROW(find_wavelet("db99"), Error);
}

TEST(WaveletCorrection, both_bands_of_one_haar_pair) {
  std::array x{1.0f, 2.0f};
  std::array y{0.5f, 1.0f};
  WaveletCorrection({1, 2, 1}, {}).correct(x, y, 0.5f);
  EXPECT_THAT(x, Pointwise(FloatNear(1e-6f), {1.01625f, 2.02125f}));
}

TEST(WaveletCorrection, last_frame_of_an_odd_length_is_paired_with_zeros) {
  // a' = a + (a - y) (t s + (1 - t) s_h) / 2
  std::array x{1.0f};
  std::array y{0.5f};
  WaveletCorrection({1, 1, 1}, {.scale = 0.2, .high_scale = 0.4}).correct(x, y, 0.25f);
  EXPECT_NEAR(x[0], 1.0 + 0.5 * (0.25 * 0.2 + 0.75 * 0.4) / 2, 1e-6);
}

TEST(WaveletCorrection, equal_weights_of_both_bands_scale_the_difference) {
  for (const Wavelet& wavelet : wavelets()) {
    const std::vector<float> x = wavy(19, 2);
    const std::vector<float> clean(x.size(), 0.25f);
    std::vector<float> corrected = x, scratch = clean;
    WaveletCorrection({1, 19, 2},
                      {.scale = 0.2, .high_scale = 0.2, .wavelet = std::string(wavelet.name)})
        .correct(corrected, scratch, 0.5f);
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(corrected[i], x[i] + 0.1 * (x[i] - clean[i]), 1e-5) << wavelet.name;
    }
  }
}

TEST(WaveletCorrection, slow_differences_lie_in_the_low_band) {
  // A constant has no high band away from the borders, so mode High leaves the middle alone.
  for (const Wavelet& wavelet : wavelets()) {
    std::vector<float> x(80, 1.0f), clean(80, 0.5f);
    WaveletCorrection(
        {1, 80, 1},
        {.mode = CorrectionMode::High, .scale = 0.5, .wavelet = std::string(wavelet.name)})
        .correct(x, clean, 0.5f);
    EXPECT_NEAR(x[40], 1.0f, 1e-6) << wavelet.name;
    EXPECT_NEAR(x[41], 1.0f, 1e-6) << wavelet.name;
  }
}

TEST(WaveletCorrection, modes_are_found_by_name) {
  for (const CorrectionModeInfo& info : correction_modes()) {
    EXPECT_EQ(find_correction_mode(info.name), info.mode);
  }
  EXPECT_THROW(find_correction_mode("both"), Error);
  EXPECT_THROW(WaveletCorrection({1, 2, 1}, {.scale = std::numeric_limits<double>::infinity()}),
               Error);
}

}  // namespace
}  // namespace ams
