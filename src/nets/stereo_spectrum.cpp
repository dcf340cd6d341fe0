#include "nets/stereo_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ams {
namespace {

// Index of sample i of a signal that is reflected at both ends without repeating them. Signals
// shorter than the reflection are reflected as often as it takes.
int64_t reflect(int64_t i, int64_t samples) {
  if (samples == 1) return 0;
  const int64_t period = 2 * (samples - 1);
  i = ((i % period) + period) % period;
  return i < samples ? i : period - i;
}

// One pass of a Stockham transform by four: `length` values at `stride`, from x to y.
struct Pass {
  int64_t length, stride;
  const float *x_re, *x_im;
  float *y_re, *y_im;
  const float *cos, *sin;  // of 2 pi k / (length * stride)
};

void pass_by_four(const Pass& pass) {
  const int64_t quarter = pass.length / 4;
  const int64_t s = pass.stride;
  for (int64_t p = 0; p < quarter; ++p) {
    const float c1 = pass.cos[p * s], s1 = pass.sin[p * s];
    const float c2 = pass.cos[2 * p * s], s2 = pass.sin[2 * p * s];
    const float c3 = pass.cos[3 * p * s], s3 = pass.sin[3 * p * s];
    const float* re = pass.x_re + s * p;
    const float* im = pass.x_im + s * p;
    float* out_re = pass.y_re + 4 * s * p;
    float* out_im = pass.y_im + 4 * s * p;
    const int64_t q = s * quarter;
    for (int64_t i = 0; i < s; ++i) {
      const float sum02_re = re[i] + re[i + 2 * q], sum02_im = im[i] + im[i + 2 * q];
      const float dif02_re = re[i] - re[i + 2 * q], dif02_im = im[i] - im[i + 2 * q];
      const float sum13_re = re[i + q] + re[i + 3 * q], sum13_im = im[i + q] + im[i + 3 * q];
      // j * (x1 - x3)
      const float jdif13_re = im[i + 3 * q] - im[i + q], jdif13_im = re[i + q] - re[i + 3 * q];
      out_re[i] = sum02_re + sum13_re;
      out_im[i] = sum02_im + sum13_im;
      const float b_re = dif02_re - jdif13_re, b_im = dif02_im - jdif13_im;
      out_re[i + s] = b_re * c1 + b_im * s1;
      out_im[i + s] = b_im * c1 - b_re * s1;
      const float c_re = sum02_re - sum13_re, c_im = sum02_im - sum13_im;
      out_re[i + 2 * s] = c_re * c2 + c_im * s2;
      out_im[i + 2 * s] = c_im * c2 - c_re * s2;
      const float d_re = dif02_re + jdif13_re, d_im = dif02_im + jdif13_im;
      out_re[i + 3 * s] = d_re * c3 + d_im * s3;
      out_im[i + 3 * s] = d_im * c3 - d_re * s3;
    }
  }
}

void pass_by_two(const Pass& pass) {
  for (int64_t i = 0; i < pass.stride; ++i) {
    const float re = pass.x_re[i + pass.stride], im = pass.x_im[i + pass.stride];
    pass.y_re[i + pass.stride] = pass.x_re[i] - re;
    pass.y_im[i + pass.stride] = pass.x_im[i] - im;
    pass.y_re[i] = pass.x_re[i] + re;
    pass.y_im[i] = pass.x_im[i] + im;
  }
}

}  // namespace

StereoSpectrum::StereoSpectrum(int64_t nfft) : nfft_(nfft), hop_(nfft / 4) {
  for (int64_t k = 0; k < nfft; ++k) {
    const double angle =
        2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(nfft);
    cos_.push_back(static_cast<float>(std::cos(angle)));
    sin_.push_back(static_cast<float>(std::sin(angle)));
    window_.push_back(static_cast<float>(0.5 * (1.0 - std::cos(angle))));
  }
}

int64_t StereoSpectrum::frames(int64_t samples) const { return (samples + hop_ - 1) / hop_; }

void StereoSpectrum::transform(std::vector<float>& re,
                               std::vector<float>& im,
                               Complex& scratch) const {
  int64_t length = nfft_;
  int64_t stride = 1;
  while (length > 1) {
    const Pass pass{length,
                    stride,
                    re.data(),
                    im.data(),
                    scratch.re.data(),
                    scratch.im.data(),
                    cos_.data(),
                    sin_.data()};
    if (length >= 4) {
      pass_by_four(pass);
    } else {
      pass_by_two(pass);
    }
    const int64_t radix = length >= 4 ? 4 : 2;
    length /= radix;
    stride *= radix;
    re.swap(scratch.re);
    im.swap(scratch.im);
  }
}

void StereoSpectrum::forward(std::span<const float> stereo, std::span<float> spectrum) const {
  const auto samples = static_cast<int64_t>(stereo.size()) / 2;
  const int64_t count = frames(samples);
  const int64_t before = hop_ + hop_ / 2;  // frame 0 starts here in front of sample 0
  const float scale = 0.5f / std::sqrt(static_cast<float>(nfft_));
  const float* left = stereo.data();
  const float* right = left + samples;
  Complex z(nfft_);
  Complex scratch(nfft_);
  for (int64_t frame = 0; frame < count; ++frame) {
    for (int64_t i = 0; i < nfft_; ++i) {
      const int64_t source = reflect(frame * hop_ + i - before, samples);
      const auto index = static_cast<size_t>(i);
      z.re[index] = left[source] * window_[index];
      z.im[index] = right[source] * window_[index];
    }
    transform(z.re, z.im, scratch);
    for (int64_t k = 0; k < bins(); ++k) {
      const auto here = static_cast<size_t>(k);
      const auto mirror = static_cast<size_t>(k == 0 ? 0 : nfft_ - k);
      float* out = spectrum.data() + (k * count + frame) * 4;
      out[0] = scale * (z.re[here] + z.re[mirror]);
      out[1] = scale * (z.im[here] - z.im[mirror]);
      out[2] = scale * (z.im[here] + z.im[mirror]);
      out[3] = scale * (z.re[mirror] - z.re[here]);
    }
  }
}

void StereoSpectrum::add_inverse(std::span<const float> spectrum,
                                 int64_t signals,
                                 std::span<float> audio) const {
  const int64_t samples = static_cast<int64_t>(audio.size()) / (2 * signals);
  const int64_t count = frames(samples);
  const int64_t before = hop_ + hop_ / 2;
  // The squared windows of all frames at one sample add up to 1.5; HTDemucs' silent frames at both
  // ends count, too, so the edges fade instead of being raised.
  const float scale = 1.0f / (1.5f * std::sqrt(static_cast<float>(nfft_)));
  Complex z(nfft_);
  Complex scratch(nfft_);
  for (int64_t frame = 0; frame < count; ++frame) {
    for (int64_t signal = 0; signal < signals; ++signal) {
      z.re[static_cast<size_t>(bins())] = 0.0f;
      z.im[static_cast<size_t>(bins())] = 0.0f;
      for (int64_t k = 0; k < bins(); ++k) {
        const float* in = spectrum.data() + ((k * count + frame) * signals + signal) * 4;
        const auto here = static_cast<size_t>(k);
        const auto mirror = static_cast<size_t>(nfft_ - k);
        if (k == 0) {
          z.re[0] = in[0];
          z.im[0] = in[2];
          continue;
        }
        z.re[here] = in[0] - in[3];
        z.im[here] = in[1] + in[2];
        z.re[mirror] = in[0] + in[3];
        z.im[mirror] = in[2] - in[1];
      }
      transform(z.im, z.re, scratch);
      float* left = audio.data() + signal * 2 * samples;
      float* right = left + samples;
      const int64_t start = frame * hop_ - before;
      const int64_t end = std::min(nfft_, samples - start);
      for (int64_t i = std::max<int64_t>(0, -start); i < end; ++i) {
        const auto index = static_cast<size_t>(i);
        left[start + i] += scale * window_[index] * z.re[index];
        right[start + i] += scale * window_[index] * z.im[index];
      }
    }
  }
}

}  // namespace ams
