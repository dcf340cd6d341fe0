#include <cmath>
#include <complex>
#include <numbers>

#include <gtest/gtest.h>

#include "nets/stereo_spectrum.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

// Bin k of the windowed, reflected frame of one channel, by definition.
std::complex<double> slow_bin(
    const float* signal, int64_t samples, int64_t nfft, int64_t frame, int64_t k) {
  std::complex<double> sum = 0.0;
  for (int64_t i = 0; i < nfft; ++i) {
    int64_t at = frame * nfft / 4 + i - 3 * nfft / 8;
    if (at < 0) at = -at;
    if (at >= samples) at = 2 * (samples - 1) - at;
    const double turn = 2.0 * std::numbers::pi / static_cast<double>(nfft);
    const double window = 0.5 * (1.0 - std::cos(turn * static_cast<double>(i)));
    sum += window * static_cast<double>(signal[at]) *
           std::polar(1.0, -turn * static_cast<double>(i * k));
  }
  return sum / std::sqrt(static_cast<double>(nfft));
}

class StereoSpectrumSizes : public ::testing::TestWithParam<int64_t> {};

// Powers of four and of two only: both kinds of passes run.
INSTANTIATE_TEST_SUITE_P(All, StereoSpectrumSizes, ::testing::Values(64, 128, 256));

TEST_P(StereoSpectrumSizes, forward_is_the_definition) {
  const int64_t nfft = GetParam();
  const int64_t samples = 3 * nfft + 7;
  const StereoSpectrum spectrum(nfft);
  const std::vector<float> signal = formula_signal("input", samples);
  const int64_t frames = spectrum.frames(samples);
  EXPECT_EQ(frames, 13);
  std::vector<float> values(static_cast<size_t>(spectrum.bins() * frames * 4));
  spectrum.forward(signal, values);
  for (int64_t k = 0; k < spectrum.bins(); ++k) {
    for (const int64_t frame : {int64_t{0}, int64_t{1}, int64_t{5}, frames - 1}) {
      for (int64_t channel = 0; channel < 2; ++channel) {
        const auto expected = slow_bin(signal.data() + channel * samples, samples, nfft, frame, k);
        const float* actual = values.data() + (k * frames + frame) * 4 + 2 * channel;
        ASSERT_NEAR(actual[0], expected.real(), 2e-6) << k << " " << frame;
        ASSERT_NEAR(actual[1], expected.imag(), 2e-6) << k << " " << frame;
      }
    }
  }
}

TEST_P(StereoSpectrumSizes, inverse_restores_the_middle_and_fades_the_edges) {
  const int64_t nfft = GetParam();
  const int64_t samples = 16 * nfft;
  std::vector<float> signal;
  for (int64_t i = 0; i < 2 * samples; ++i) {
    const double turn = 2.0 * std::numbers::pi * static_cast<double>(i % samples);
    signal.push_back(static_cast<float>(0.5 + std::sin(turn * (i < samples ? 0.05 : 0.13))));
  }
  const StereoSpectrum spectrum(nfft);
  std::vector<float> values(static_cast<size_t>(spectrum.bins() * spectrum.frames(samples) * 4));
  spectrum.forward(signal, values);
  std::vector<float> restored(signal.size(), 0.0f);
  spectrum.add_inverse(values, 1, restored);
  for (int64_t channel = 0; channel < 2; ++channel) {
    for (int64_t i = nfft; i < samples - nfft; ++i) {
      const auto index = static_cast<size_t>(channel * samples + i);
      ASSERT_NEAR(restored[index], signal[index], 2e-3) << i;  // the Nyquist bin is gone
    }
  }
  EXPECT_LT(std::abs(restored[0]), 0.8f * std::abs(signal[0]));
}

TEST(StereoSpectrum, imaginary_part_of_the_constant_is_ignored) {
  constexpr int64_t kSamples = 640;
  const StereoSpectrum spectrum(64);
  std::vector<float> values(static_cast<size_t>(spectrum.bins() * spectrum.frames(kSamples) * 4),
                            0.25f);
  std::vector<float> first(2 * kSamples, 0.0f);
  spectrum.add_inverse(values, 1, first);
  for (int64_t frame = 0; frame < spectrum.frames(kSamples); ++frame) {
    values[static_cast<size_t>(4 * frame + 1)] = 7.0f;
    values[static_cast<size_t>(4 * frame + 3)] = -7.0f;
  }
  std::vector<float> second(2 * kSamples, 0.0f);
  spectrum.add_inverse(values, 1, second);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace ams
