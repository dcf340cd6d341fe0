// The short-time Fourier transform at both ends of HTDemucs, on the host: a product with a DFT
// matrix would cost a third of the network (113 of 335 GFLOP a segment), this costs under 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ams {

// Both channels are transformed at once as real and imaginary parts of one signal.
// Values are laid out [bins, frames, channels], four channels a stereo signal: left re, left im,
// right re, right im. Immutable and thread-safe; cost O(N log N).
class StereoSpectrum {
 public:
  // nfft: a power of two, at least 64. The hop is a quarter of it.
  explicit StereoSpectrum(int64_t nfft);

  int64_t bins() const { return nfft_ / 2; }  // without the Nyquist bin
  int64_t frames(int64_t samples) const;      // ceil(samples / hop)

  // HTDemucs._spec: reflected at both ends, periodic Hann window, scaled by 1 / sqrt(nfft).
  // stereo [2, samples] -> spectrum [bins, frames, 4].
  void forward(std::span<const float> stereo, std::span<float> spectrum) const;

  // HTDemucs._ispec of each signal of spectrum [bins, frames, 4 * signals], added to audio
  // [signals, 2, samples]. A Nyquist bin of zero is added; the imaginary part of bin 0 is ignored.
  void add_inverse(std::span<const float> spectrum, int64_t signals, std::span<float> audio) const;

 private:
  struct Complex {
    std::vector<float> re, im;
    explicit Complex(int64_t size) : re(static_cast<size_t>(size)), im(static_cast<size_t>(size)) {}
  };
  // In place, unscaled; the inverse transform is the forward one with re and im swapped.
  void transform(std::vector<float>& re, std::vector<float>& im, Complex& scratch) const;

  int64_t nfft_, hop_;
  std::vector<float> window_;
  std::vector<float> cos_, sin_;  // of 2 pi k / nfft
};

}  // namespace ams
