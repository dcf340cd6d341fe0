#include "diffusion/wavelet.h"

#include <algorithm>
#include <array>
#include <numbers>
#include <string>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr double kHalfRoot = std::numbers::sqrt2 / 2.0;
constexpr std::array<double, 2> kHaar{kHalfRoot, kHalfRoot};
constexpr std::array<double, 8> kDaubechies4{-0.010597401785069032,
                                             0.0328830116668852,
                                             0.030841381835560764,
                                             -0.18703481171909309,
                                             -0.027983769416859854,
                                             0.6308807679298589,
                                             0.7148465705529157,
                                             0.2303778133088965};
constexpr std::array<double, 16> kSymlet8{-0.0033824159510061256,
                                          -0.0005421323317911481,
                                          0.03169508781149298,
                                          0.007607487324917605,
                                          -0.1432942383508097,
                                          -0.061273359067658524,
                                          0.4813596512583722,
                                          0.7771857517005235,
                                          0.3644418948353314,
                                          -0.05194583810770904,
                                          -0.027219029917056003,
                                          0.049137179673607506,
                                          0.003808752013890615,
                                          -0.01495225833704823,
                                          -0.0003029205147213668,
                                          0.0018899503327594609};

constexpr std::array<Wavelet, 3> kWavelets{{
    {"haar", "Haar", kHaar},
    {"db4", "Daubechies 4", kDaubechies4},
    {"sym8", "Symlet 8", kSymlet8},
}};

}  // namespace

std::span<const Wavelet> wavelets() { return kWavelets; }

const Wavelet& find_wavelet(std::string_view name) {
  std::string known;
  for (const Wavelet& wavelet : kWavelets) {
    if (wavelet.name == name) return wavelet;
    known += str(known.empty() ? "" : ", ", wavelet.name);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: wavelet '", name, "' is unknown, expected one of ", known));
}

WaveletTransform::WaveletTransform(const Wavelet& wavelet, int64_t frames, int64_t channels)
    : frames_(frames), channels_(channels) {
  // Reconstruction reverses decomposition; the high pass alternates the signs of the low pass.
  for (size_t k = 0; k < wavelet.low_pass.size(); ++k) {
    const double sign = k % 2 == 0 ? 1.0 : -1.0;
    low_.push_back(static_cast<float>(wavelet.low_pass[wavelet.low_pass.size() - 1 - k]));
    high_.push_back(static_cast<float>(sign * wavelet.low_pass[k]));
  }
}

void WaveletTransform::decompose(std::span<const float> signal,
                                 std::span<float> low_band,
                                 std::span<float> high_band) const {
  std::fill(low_band.begin(), low_band.end(), 0.0f);
  std::fill(high_band.begin(), high_band.end(), 0.0f);
  for (int64_t i = 0; i < band_frames(); ++i) {
    for (int64_t k = 0; k < taps(); ++k) {
      const int64_t frame = 2 * i - taps() + 2 + k;
      if (frame < 0 || frame >= frames_) continue;
      const float low = low_[static_cast<size_t>(k)];
      const float high = high_[static_cast<size_t>(k)];
      const auto from = static_cast<size_t>(frame * channels_);
      const auto to = static_cast<size_t>(i * channels_);
      for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
        low_band[to + c] += low * signal[from + c];
        high_band[to + c] += high * signal[from + c];
      }
    }
  }
}

void WaveletTransform::add_reconstruction(std::span<const float> low_band,
                                          std::span<const float> high_band,
                                          std::span<float> signal) const {
  for (int64_t i = 0; i < band_frames(); ++i) {
    for (int64_t k = 0; k < taps(); ++k) {
      const int64_t frame = 2 * i - taps() + 2 + k;
      if (frame < 0 || frame >= frames_) continue;
      const float low = low_[static_cast<size_t>(k)];
      const float high = high_[static_cast<size_t>(k)];
      const auto from = static_cast<size_t>(i * channels_);
      const auto to = static_cast<size_t>(frame * channels_);
      for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
        signal[to + c] += low * low_band[from + c] + high * high_band[from + c];
      }
    }
  }
}

}  // namespace ams
