#include "tensor/cpu_convolution.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <ggml.h>

#include "tensor/cpu_vector_math.h"

namespace ams {
namespace {

constexpr int64_t kHalfPanel = kConvPanel / 2;
constexpr int64_t kTileRows = 12;            // output pixels whose sums stay in registers
constexpr int64_t kBlockFloats = 64 * 1024;  // input values of a block of pixels: stays in L2

// The work of one thread on one operation.
struct ConvJob {
  const ConvGeometry& geometry;
  const float* x;
  const float* matrix;
  const float* bias;
  const float* residual;  // may be null
  float* y;
  int64_t in_rows, in_columns;
  int64_t out_columns;
  int64_t begin, end;  // output pixels
};

// Pointers to the inputs of each pixel and tap; pixels outside of the image point to zeros.
void find_inputs(const ConvJob& job,
                 const float* zeros,
                 int64_t first,
                 int64_t count,
                 int64_t stride,
                 std::vector<const float*>& inputs) {
  const ConvAxis& rows = job.geometry.rows;
  const ConvAxis& columns = job.geometry.columns;
  for (int64_t p = 0; p < stride; ++p) {
    const int64_t pixel = first + p;
    const int64_t row = pixel / job.out_columns * rows.stride - rows.before;
    const int64_t column = pixel % job.out_columns * columns.stride - columns.before;
    for (int64_t tap = 0; tap < job.geometry.taps(); ++tap) {
      const int64_t r = row + tap / columns.taps * rows.dilation;
      const int64_t c = column + tap % columns.taps * columns.dilation;
      const bool inside = p < count && r >= 0 && r < job.in_rows && c >= 0 && c < job.in_columns;
      inputs[static_cast<size_t>(tap * stride + p)] =
          inside ? job.x + (r * job.in_columns + c) * job.geometry.in_channels : zeros;
    }
  }
}

// Sums of kTileRows pixels x Vectors * lanes channels, written to tile [kTileRows][kConvPanel].
// V is a vector of floats; all sums stay in registers if they fit there.
template <typename V, int Rows, int Vectors>
[[gnu::always_inline]] inline void sum_tile(const float* const* inputs,
                                            int64_t input_stride,
                                            int64_t taps,
                                            int64_t channels,
                                            const float* matrix,
                                            const float* bias,
                                            float* tile) {
  constexpr int kLanes = sizeof(V) / sizeof(float);
  V sums[Rows][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    V start;
    std::memcpy(&start, bias + v * kLanes, sizeof(V));
    for (int r = 0; r < Rows; ++r) sums[r][v] = start;
  }
  for (int64_t tap = 0; tap < taps; ++tap) {
    const float* pixel[Rows];
    for (int r = 0; r < Rows; ++r) pixel[r] = inputs[tap * input_stride + r];
    for (int64_t c = 0; c < channels; ++c) {
      V weights[Vectors];
      for (int v = 0; v < Vectors; ++v) {
        std::memcpy(&weights[v], matrix + v * kLanes, sizeof(V));
      }
#pragma GCC unroll 12
      for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sums[r][v] += weights[v] * pixel[r][c];
      }
      matrix += kConvPanel;
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      std::memcpy(tile + r * kConvPanel + v * kLanes, &sums[r][v], sizeof(V));
    }
  }
}

// Applies the activation to one tile and writes its `count` pixels; `first` is the first packed
// column of the panel.
template <typename V>
[[gnu::always_inline]] inline void store_tile(
    const ConvJob& job, float* tile, int64_t pixel, int64_t count, int64_t panel) {
  constexpr int64_t kLanes = sizeof(V) / sizeof(float);
  const bool glu = job.geometry.activation == ConvActivation::Glu;
  const int64_t width = glu ? kHalfPanel : kConvPanel;
  const int64_t channels = job.geometry.result_channels();
  const int64_t first = panel * width;
  const int64_t kept = std::min(width, channels - first);
  for (int64_t r = 0; r < count; ++r) {
    float* row = tile + r * kConvPanel;
    for (int64_t i = 0; i < width; i += kLanes) {
      V value;
      std::memcpy(&value, row + i, sizeof(V));
      if (glu) {
        V gate;
        std::memcpy(&gate, row + kHalfPanel + i, sizeof(V));
        multiply_sigmoid(value, gate);
      } else if (job.geometry.activation == ConvActivation::Gelu) {
        gelu_erf(value);
      }
      std::memcpy(row + i, &value, sizeof(V));
    }
    const int64_t offset = (pixel + r) * channels + first;
    float* out = job.y + offset;
    if (job.residual) {
      const float* add = job.residual + offset;
      for (int64_t i = 0; i < kept; ++i) out[i] = row[i] + add[i];
    } else if (kept == width && width == kConvPanel) {
      std::memcpy(out, row, kConvPanel * sizeof(float));
    } else {
      std::memcpy(out, row, static_cast<size_t>(kept) * sizeof(float));
    }
  }
}

template <typename V, int Rows, int Vectors>
[[gnu::always_inline]] inline void convolve_with(const ConvJob& job) {
  constexpr int64_t kLanes = sizeof(V) / sizeof(float);
  const ConvGeometry& geometry = job.geometry;
  const int64_t taps = geometry.taps();
  const int64_t depth = taps * geometry.in_channels;
  const int64_t width = geometry.activation == ConvActivation::Glu ? kHalfPanel : kConvPanel;
  const int64_t panels = (geometry.result_channels() + width - 1) / width;
  const int64_t tiles = std::clamp<int64_t>(kBlockFloats / depth / kTileRows, 2, 32);
  const int64_t block = tiles * kTileRows;
  const std::vector<float> zeros(static_cast<size_t>(geometry.in_channels), 0.0f);
  std::vector<const float*> inputs(static_cast<size_t>(taps * block));
  alignas(64) std::array<float, kTileRows * kConvPanel> tile;
  for (int64_t first = job.begin; first < job.end; first += block) {
    const int64_t count = std::min(block, job.end - first);
    find_inputs(job, zeros.data(), first, count, block, inputs);
    for (int64_t panel = 0; panel < panels; ++panel) {
      const float* matrix = job.matrix + panel * depth * kConvPanel;
      const float* bias = job.bias + panel * kConvPanel;
      for (int64_t p = 0; p < count; p += kTileRows) {
        for (int64_t r = 0; r < kTileRows; r += Rows) {
          for (int64_t v = 0; v < kConvPanel; v += Vectors * kLanes) {
            sum_tile<V, Rows, Vectors>(inputs.data() + p + r,
                                       block,
                                       taps,
                                       geometry.in_channels,
                                       matrix + v,
                                       bias + v,
                                       tile.data() + r * kConvPanel + v);
          }
        }
        store_tile<V>(job, tile.data(), first + p, std::min(kTileRows, count - p), panel);
      }
    }
  }
}

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512dq,fma")]] void convolve_avx512(const ConvJob& job) {
  convolve_with<Float16, 12, 2>(job);
}

[[gnu::target("avx2,fma")]] void convolve_avx2(const ConvJob& job) {
  convolve_with<Float8, 6, 2>(job);
}
#endif

void convolve_portable(const ConvJob& job) { convolve_with<Float4, 2, 4>(job); }

void convolve(const ConvJob& job) {
#if defined(__x86_64__)
  if (cpu_has_avx512()) return convolve_avx512(job);
  if (cpu_has_avx2()) return convolve_avx2(job);
#endif
  convolve_portable(job);
}

const float* floats(const ggml_tensor* tensor) { return static_cast<const float*>(tensor->data); }

}  // namespace

std::vector<int64_t> conv_packed_columns(const ConvGeometry& geometry) {
  const int64_t channels = geometry.result_channels();
  const bool glu = geometry.activation == ConvActivation::Glu;
  const int64_t width = glu ? kHalfPanel : kConvPanel;
  std::vector<int64_t> columns;
  for (int64_t first = 0; first < channels; first += width) {
    for (int64_t i = 0; i < kConvPanel; ++i) {
      const int64_t channel = first + i % width;
      const int64_t half = i < width ? 0 : channels;
      columns.push_back(channel < channels ? channel + half : -1);
    }
  }
  return columns;
}

void cpu_convolution(ggml_tensor* dst, int thread, int threads, void* geometry) {
  const ggml_tensor* x = dst->src[0];
  const int64_t pixels = dst->ne[1] * dst->ne[2];
  const int64_t tiles = (pixels + kTileRows - 1) / kTileRows;
  ConvJob job{*static_cast<const ConvGeometry*>(geometry),
              floats(x),
              floats(dst->src[1]),
              floats(dst->src[2]),
              dst->src[3] ? floats(dst->src[3]) : nullptr,
              static_cast<float*>(dst->data),
              x->ne[2],
              x->ne[1],
              dst->ne[1],
              tiles * thread / threads * kTileRows,
              std::min(pixels, tiles * (thread + 1) / threads * kTileRows)};
  convolve(job);
}

}  // namespace ams
