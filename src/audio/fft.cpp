#include "audio/fft.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/mem.h>
#include <libavutil/tx.h>
}

namespace ams {
namespace {

struct AvFree {
  void operator()(float* memory) const { av_free(memory); }
};
using AlignedFloats = std::unique_ptr<float, AvFree>;

AlignedFloats aligned_floats(int64_t count) {
  AlignedFloats memory(static_cast<float*>(av_malloc(static_cast<size_t>(count) * sizeof(float))));
  if (!memory) throw Error(ErrorCode::OutOfMemory, "audio: no memory for a Fourier transform");
  return memory;
}

}  // namespace

struct RealFft::State {
  explicit State(int64_t size) : input(aligned_floats(size)), output(aligned_floats(size + 2)) {
    const float scale = 1.0f;
    if (av_tx_init(&context, &transform, AV_TX_FLOAT_RDFT, 0, static_cast<int>(size), &scale, 0) <
        0) {
      throw Error(ErrorCode::InvalidRequest,
                  str("audio: no Fourier transform of size ", size, "; use a power of two"));
    }
  }
  ~State() { av_tx_uninit(&context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  AlignedFloats input;
  AlignedFloats output;  // interleaved real and imaginary parts
  AVTXContext* context = nullptr;
  av_tx_fn transform = nullptr;
};

RealFft::RealFft(int64_t size) : size_(size) {
  if (size < 4 || size > (int64_t{1} << 20) || size % 2 != 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: Fourier transform of size ", size, ", expected even, 4 to 2^20"));
  }
  state_ = std::make_unique<State>(size);
}

RealFft::~RealFft() = default;

void RealFft::forward(std::span<const float> samples, std::span<std::complex<float>> bins) {
  if (static_cast<int64_t>(samples.size()) != size_ ||
      static_cast<int64_t>(bins.size()) != this->bins()) {
    throw Error(ErrorCode::Internal, "audio: Fourier transform of another size than prepared");
  }
  std::copy(samples.begin(), samples.end(), state_->input.get());
  state_->transform(state_->context, state_->output.get(), state_->input.get(), sizeof(float));
  // Both are real; FFmpeg does not say that it writes their imaginary parts.
  float* output = state_->output.get();
  output[1] = 0.0f;
  output[size_ + 1] = 0.0f;
  for (size_t k = 0; k < bins.size(); ++k) bins[k] = {output[2 * k], output[2 * k + 1]};
}

}  // namespace ams
