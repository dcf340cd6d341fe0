// Declaration and loading transforms of convolution weights.
#include <cmath>

#include "base/str.h"
#include "tensor/convolution.h"
#include "tensor/kernels/conv1d.h"

namespace ams {
namespace {

using Parts = std::span<const std::vector<float>>;

int64_t blocks_of(int64_t outputs) { return (outputs + kConvBlock - 1) / kConvBlock; }

int64_t transposed_taps(const Conv1dSizes& sizes) {
  return (sizes.kernel + sizes.stride - 1) / sizes.stride;
}

// [in, out, kernel] -> rows (out, kernel) of `in` values, as the product before col2im reads them.
std::vector<float> transpose_kernel(std::span<const float> weight, const Conv1dSizes& sizes) {
  const auto in = static_cast<size_t>(sizes.in_channels);
  const size_t row = weight.size() / in;
  std::vector<float> result(weight.size());
  for (size_t i = 0; i < in; ++i) {
    for (size_t j = 0; j < row; ++j) result[j * in + i] = weight[i * row + j];
  }
  return result;
}

// The bias as the CPU's kernels read it: once per output of a row, filled up to whole blocks.
const Weight* declare_bias(const WeightScope& w,
                           std::string_view name,
                           const Conv1dSizes& sizes,
                           int64_t repeats,
                           const ConvDeclaration& how) {
  if (!how.has_bias) return nullptr;
  const std::string bias = str(name, ".bias");
  const int64_t channels = sizes.out_channels;
  const std::vector<WeightPart> parts{{bias, {channels}}};
  if (!how.device->has_own_kernels()) {
    return w.derived(
        parts, {channels, 1}, WeightRole::Exact, [](Parts stored) { return stored[0]; });
  }
  const int64_t size = blocks_of(repeats * channels) * kConvBlock;
  return w.derived(parts, {size}, WeightRole::Exact, [=](Parts stored) {
    std::vector<float> values(static_cast<size_t>(size));
    for (size_t i = 0; i < static_cast<size_t>(repeats * channels); ++i) {
      values[i] = stored[0][i % stored[0].size()];
    }
    return values;
  });
}

}  // namespace

bool sums_taps(const Conv1dSizes& sizes, bool half_columns) {
  return sizes.stride == 1 && !half_columns;
}

int64_t conv1d_length(const Conv1dSizes& sizes, int64_t rows) {
  const int64_t span = rows + 2 * sizes.padding - sizes.dilation * (sizes.kernel - 1) - 1;
  return rows < 1 || span < 0 ? 0 : span / sizes.stride + 1;
}

int64_t conv_transpose1d_length(const Conv1dSizes& sizes, int64_t rows) {
  const int64_t length = (rows - 1) * sizes.stride - 2 * sizes.padding + sizes.kernel;
  return rows < 1 || length < 0 ? 0 : length;
}

std::vector<float> fuse_weight_norm(std::span<const float> g, std::span<const float> v) {
  std::vector<float> weight(v.size());
  const size_t row = v.size() / g.size();
  for (size_t n = 0; n < g.size(); ++n) {
    double sum = 0.0;
    for (size_t i = 0; i < row; ++i) sum += static_cast<double>(v[n * row + i]) * v[n * row + i];
    const double factor = g[n] / std::sqrt(sum);
    for (size_t i = 0; i < row; ++i) {
      weight[n * row + i] = static_cast<float>(v[n * row + i] * factor);
    }
  }
  return weight;
}

std::vector<float> pack_conv1d(std::span<const float> weight, const Conv1dSizes& sizes) {
  const auto in = static_cast<size_t>(sizes.in_channels);
  const auto out = static_cast<size_t>(sizes.out_channels);
  const auto kernel = static_cast<size_t>(sizes.kernel);
  constexpr auto kBlock = static_cast<size_t>(kConvBlock);
  std::vector<float> packed(static_cast<size_t>(blocks_of(sizes.out_channels)) * kernel * in *
                            kBlock);
  for (size_t o = 0; o < out; ++o) {
    float* block = packed.data() + o / kBlock * kernel * in * kBlock + o % kBlock;
    const float* row = weight.data() + o * in * kernel;
    for (size_t k = 0; k < kernel; ++k) {
      for (size_t i = 0; i < in; ++i) block[(k * in + i) * kBlock] = row[i * kernel + k];
    }
  }
  return packed;
}

std::vector<float> pack_conv_taps(std::span<const float> weight, const Conv1dSizes& sizes) {
  const auto in = static_cast<size_t>(sizes.in_channels);
  const auto out = static_cast<size_t>(sizes.out_channels);
  const auto kernel = static_cast<size_t>(sizes.kernel);
  std::vector<float> packed(weight.size());
  for (size_t o = 0; o < out; ++o) {
    for (size_t i = 0; i < in; ++i) {
      for (size_t k = 0; k < kernel; ++k) {
        packed[(i * kernel + k) * out + o] = weight[(o * in + i) * kernel + k];
      }
    }
  }
  return packed;
}

// Row q of the product holds rows q s … q s + s - 1 of the uncropped result. It reads inputs
// q - (taps - 1) … q; the one that lies j rows back meets kernel index phase + j s.
std::vector<float> pack_conv_transpose1d(std::span<const float> weight, const Conv1dSizes& sizes) {
  const auto in = static_cast<size_t>(sizes.in_channels);
  const auto out = static_cast<size_t>(sizes.out_channels);
  const auto kernel = static_cast<size_t>(sizes.kernel);
  const auto stride = static_cast<size_t>(sizes.stride);
  const auto taps = static_cast<size_t>(transposed_taps(sizes));
  constexpr auto kBlock = static_cast<size_t>(kConvBlock);
  std::vector<float> packed(static_cast<size_t>(blocks_of(sizes.stride * sizes.out_channels)) *
                            taps * in * kBlock);
  for (size_t flat = 0; flat < stride * out; ++flat) {
    const size_t phase = flat / out, o = flat % out;
    float* block = packed.data() + flat / kBlock * taps * in * kBlock + flat % kBlock;
    for (size_t tap = 0; tap < taps; ++tap) {
      const size_t index = phase + (taps - 1 - tap) * stride;
      if (index >= kernel) continue;
      for (size_t i = 0; i < in; ++i) {
        block[(tap * in + i) * kBlock] = weight[(i * out + o) * kernel + index];
      }
    }
  }
  return packed;
}

Conv1dWeights declare_conv1d(const WeightScope& w,
                             std::string_view name,
                             const Conv1dSizes& sizes,
                             const ConvDeclaration& how) {
  const std::vector<WeightPart> parts{
      {str(name, ".weight_g"), {sizes.out_channels, 1, 1}},
      {str(name, ".weight_v"), {sizes.out_channels, sizes.in_channels, sizes.kernel}}};
  Conv1dWeights result{sizes, nullptr, nullptr, how.half_columns};
  if (how.device->has_own_kernels()) {
    result.kernel = w.derived(
        parts,
        {blocks_of(sizes.out_channels), sizes.kernel, sizes.in_channels, kConvBlock},
        WeightRole::Exact,
        [=](Parts stored) { return pack_conv1d(fuse_weight_norm(stored[0], stored[1]), sizes); });
  } else if (sums_taps(sizes, how.half_columns)) {
    result.kernel =
        w.derived(parts,
                  {sizes.in_channels, sizes.kernel * sizes.out_channels},
                  WeightRole::Exact,
                  [=](Parts stored) {
                    return pack_conv_taps(fuse_weight_norm(stored[0], stored[1]), sizes);
                  });
  } else {
    result.kernel = w.derived(parts, parts[1].shape, WeightRole::Exact, [](Parts stored) {
      return fuse_weight_norm(stored[0], stored[1]);
    });
  }
  result.bias = declare_bias(w, name, sizes, /*repeats=*/1, how);
  return result;
}

Conv1dWeights declare_conv_transpose1d(const WeightScope& w,
                                       std::string_view name,
                                       const Conv1dSizes& sizes,
                                       const ConvDeclaration& how) {
  const std::vector<WeightPart> parts{
      {str(name, ".weight_g"), {sizes.in_channels, 1, 1}},
      {str(name, ".weight_v"), {sizes.in_channels, sizes.out_channels, sizes.kernel}}};
  Conv1dWeights result{sizes, nullptr, nullptr, how.half_columns};
  if (how.device->has_own_kernels()) {
    result.kernel =
        w.derived(parts,
                  {blocks_of(sizes.stride * sizes.out_channels),
                   transposed_taps(sizes),
                   sizes.in_channels,
                   kConvBlock},
                  WeightRole::Exact,
                  [=](Parts stored) {
                    return pack_conv_transpose1d(fuse_weight_norm(stored[0], stored[1]), sizes);
                  });
  } else {
    result.kernel =
        w.derived(parts,
                  {sizes.out_channels * sizes.kernel, sizes.in_channels},
                  WeightRole::Exact,
                  [=](Parts stored) {
                    return transpose_kernel(fuse_weight_norm(stored[0], stored[1]), sizes);
                  });
  }
  result.bias = declare_bias(w, name, sizes, sizes.stride, how);
  return result;
}

SnakeWeights declare_snake(const WeightScope& w, std::string_view name, int64_t channels) {
  const std::vector<int64_t> stored{1, channels, 1};
  const auto declare = [&](std::string_view part, float (*convert)(float)) {
    return w.derived(
        {{str(name, ".", part), stored}}, {channels, 1}, WeightRole::Exact, [convert](Parts parts) {
          std::vector<float> values = parts[0];
          for (float& value : values) value = convert(value);
          return values;
        });
  };
  SnakeWeights snake;
  snake.frequency = declare("alpha", [](float alpha) { return std::exp(alpha); });
  snake.gain = declare("beta", [](float beta) { return 1.0f / (std::exp(beta) + 1e-9f); });
  return snake;
}

}  // namespace ams
