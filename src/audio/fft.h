// Real Fourier transform (FFmpeg's libavutil/tx).
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>

namespace ams {

// Transforms of one size. Confined to one thread.
class RealFft {
 public:
  // size: even, 4 to 2^20. Throws InvalidRequest, OutOfMemory.
  explicit RealFft(int64_t size);
  ~RealFft();
  RealFft(const RealFft&) = delete;
  RealFft& operator=(const RealFft&) = delete;

  int64_t size() const { return size_; }
  int64_t bins() const { return size_ / 2 + 1; }
  // samples [size] -> bins [size / 2 + 1], unscaled: X[k] = sum x[n] e^(-2 pi i k n / size).
  void forward(std::span<const float> samples, std::span<std::complex<float>> bins);

 private:
  struct State;
  int64_t size_;
  std::unique_ptr<State> state_;
};

}  // namespace ams
