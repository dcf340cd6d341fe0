// One-level discrete wavelet transform along time, with zeros outside the signal (PyWavelets' mode
// "zero"); orthogonal filters, so the inverse restores the signal exactly.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ams {

// An orthogonal wavelet by its low-pass decomposition filter.
struct Wavelet {
  std::string_view name;  // as in PyWavelets
  std::string_view label;
  std::span<const double> low_pass;
};
std::span<const Wavelet> wavelets();

// Throws InvalidRequest on an unknown name.
const Wavelet& find_wavelet(std::string_view name);

// Transform of signals [T, C] into two bands [band_frames(), C] and back. Immutable.
class WaveletTransform {
 public:
  WaveletTransform(const Wavelet& wavelet, int64_t frames, int64_t channels);

  int64_t band_frames() const { return (frames_ + taps() - 1) / 2; }
  size_t band_size() const { return static_cast<size_t>(band_frames() * channels_); }

  // Overwrites both bands.
  void decompose(std::span<const float> signal,
                 std::span<float> low_band,
                 std::span<float> high_band) const;
  // signal += the signal that has these bands.
  void add_reconstruction(std::span<const float> low_band,
                          std::span<const float> high_band,
                          std::span<float> signal) const;

 private:
  int64_t taps() const { return static_cast<int64_t>(low_.size()); }

  int64_t frames_;
  int64_t channels_;
  std::vector<float> low_;   // reconstruction filters: tap k of band frame i meets signal frame
  std::vector<float> high_;  // 2 i - taps + 2 + k
};

}  // namespace ams
