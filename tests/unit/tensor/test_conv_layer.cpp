// ConvLayer and row_norm against loops that follow the definition, in the fused form and in ggml's
// operations.
#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "tensor/conv_layer.h"
#include "tensor/graph.h"

namespace ams {
namespace {

std::vector<float> noise(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.5f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

// A checkpoint of named tensors in memory.
class MemoryFile : public WeightFile {
 public:
  void add(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
    tensors_.push_back({name, DType::F32, std::move(shape), std::as_bytes(std::span(values))});
  }
  std::span<const StoredTensor> tensors() const override { return tensors_; }
  const StoredTensor* find(std::string_view name) const override {
    for (const StoredTensor& tensor : tensors_) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  std::string description() const override { return "memory"; }

 private:
  std::vector<StoredTensor> tensors_;
};

double activate(double value, double gate, ConvActivation activation) {
  if (activation == ConvActivation::Gelu) return 0.5 * value * (1.0 + std::erf(value / M_SQRT2));
  if (activation == ConvActivation::Glu) return value / (1.0 + std::exp(-gate));
  return value;
}

struct ConvCase {
  const char* name;
  ConvLayerOptions options;
  int64_t rows, columns;          // of the input
  int64_t out_rows, out_columns;  // of the result
  bool with_residual = false;
};

// The kernel element that joins input channel i with output channel o at a tap, by definition.
double kernel_value(
    const ConvCase& test, const std::vector<float>& kernel, int64_t tap, int64_t o, int64_t i) {
  const ConvLayerOptions& options = test.options;
  const int64_t taps = options.rows.taps * options.columns.taps;
  if (options.storage == ConvStorage::Forward) {
    return kernel[static_cast<size_t>(((options.first_out + o) * options.in_channels + i) * taps +
                                      tap)];
  }
  const int64_t channels = options.stored_shape[1];
  const int64_t length = options.stored_shape[2];
  const int64_t sample = o / channels + (tap == 0 ? length / 2 : 0);
  return kernel[static_cast<size_t>((i * channels + o % channels) * length + sample)];
}

struct ConvValues {
  std::vector<float> x, kernel, bias, scale, residual;
};

std::vector<double> slow_convolution(const ConvCase& test, const ConvValues& values) {
  const ConvLayerOptions& options = test.options;
  const int64_t stored = static_cast<int64_t>(values.bias.size());
  std::vector<double> sums;
  for (int64_t pixel = 0; pixel < test.out_rows * test.out_columns; ++pixel) {
    for (int64_t o = 0; o < options.out_channels; ++o) {
      const bool forward = options.storage == ConvStorage::Forward;
      const auto index = static_cast<size_t>(forward ? options.first_out + o : o % stored);
      double sum = values.bias[index];
      for (int64_t tap = 0; tap < options.rows.taps * options.columns.taps; ++tap) {
        const int64_t row = pixel / test.out_columns * options.rows.stride - options.rows.before +
                            tap / options.columns.taps * options.rows.dilation;
        const int64_t column = pixel % test.out_columns * options.columns.stride -
                               options.columns.before +
                               tap % options.columns.taps * options.columns.dilation;
        if (row < 0 || row >= test.rows || column < 0 || column >= test.columns) continue;
        for (int64_t i = 0; i < options.in_channels; ++i) {
          const int64_t at = (row * test.columns + column) * options.in_channels + i;
          sum += values.x[static_cast<size_t>(at)] * kernel_value(test, values.kernel, tap, o, i);
        }
      }
      sums.push_back(options.scale.empty() ? sum : sum * values.scale[index]);
    }
  }
  const bool glu = options.activation == ConvActivation::Glu;
  const int64_t kept = glu ? options.out_channels / 2 : options.out_channels;
  std::vector<double> result;
  for (int64_t pixel = 0; pixel < test.out_rows * test.out_columns; ++pixel) {
    for (int64_t o = 0; o < kept; ++o) {
      const double* row = sums.data() + pixel * options.out_channels;
      const double value = activate(row[o], glu ? row[kept + o] : 0.0, options.activation);
      result.push_back(value + (test.with_residual ? values.residual[result.size()] : 0.0));
    }
  }
  return result;
}

void expect_close(const char* name, const FloatArray& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.data.size(), expected.size()) << name;
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(actual.data[i], expected[i], 2e-5) << name << " element " << i;
  }
}

void check_convolution(const ConvCase& test, bool own_kernels) {
  const ConvLayerOptions& options = test.options;
  const auto device = Device::open({"cpu", 2, own_kernels});
  int64_t kernel_size = 1;
  for (const int64_t dim : options.stored_shape) kernel_size *= dim;
  const bool forward = options.storage == ConvStorage::Forward;
  const int64_t stored_out = options.stored_shape[forward ? 0 : 1];
  const bool glu = options.activation == ConvActivation::Glu;
  const int64_t result_channels = glu ? options.out_channels / 2 : options.out_channels;
  ConvValues values{noise(test.rows * test.columns * options.in_channels, 1),
                    noise(kernel_size, 2),
                    noise(stored_out, 3),
                    noise(stored_out, 4),
                    noise(test.out_rows * test.out_columns * result_channels, 5)};
  MemoryFile file;
  file.add("weight", options.stored_shape, values.kernel);
  file.add("bias", {stored_out}, values.bias);
  if (!options.scale.empty()) file.add(options.scale, {stored_out}, values.scale);
  WeightStore store;
  const ConvLayer layer(store.root(), options, *device);
  store.load(file, *device, Precision::F32);
  Tensor x, residual, y;
  Graph graph(*device, [&](GraphBuilder& g) {
    x = g.input("x", {test.rows, test.columns, options.in_channels});
    if (test.with_residual) {
      residual = g.input("residual", {test.out_rows, test.out_columns, result_channels});
    }
    y = g.output("y", layer.build(g, x, test.out_rows, test.out_columns, residual));
  });
  graph.set(x, values.x);
  if (test.with_residual) graph.set(residual, values.residual);
  graph.run();
  expect_close(test.name, graph.get(y), slow_convolution(test, values));
}

ConvLayerOptions layer(std::vector<int64_t> stored_shape,
                       int64_t in,
                       int64_t out,
                       ConvActivation activation = ConvActivation::None) {
  ConvLayerOptions options;
  options.stored_shape = std::move(stored_shape);
  options.in_channels = in;
  options.out_channels = out;
  options.activation = activation;
  return options;
}

// The kinds of convolutions that HTDemucs has, in sizes that leave remainders everywhere.
std::vector<ConvCase> conv_cases() {
  std::vector<ConvCase> cases;
  ConvCase strided_rows{
      "strided rows", layer({24, 4, 8, 1}, 4, 24, ConvActivation::Gelu), 16, 5, 4, 5};
  strided_rows.options.rows = {8, 4, 1, 2};
  cases.push_back(strided_rows);
  ConvCase strided_columns{
      "strided columns", layer({7, 2, 8}, 2, 7, ConvActivation::Gelu), 1, 101, 1, 26};
  strided_columns.options.columns = {8, 4, 1, 2};
  cases.push_back(strided_columns);
  ConvCase square{"3 x 3 with GLU", layer({40, 9, 3, 3}, 9, 40, ConvActivation::Glu), 6, 7, 6, 7};
  square.options.rows = square.options.columns = {3, 1, 1, 1};
  cases.push_back(square);
  ConvCase dilated{"dilated", layer({3, 24, 3}, 24, 3), 4, 31, 4, 31};
  dilated.options.columns = {3, 1, 2, 2};
  cases.push_back(dilated);
  ConvCase transposed{"transposed", layer({6, 5, 8, 1}, 6, 20, ConvActivation::Gelu), 3, 4, 4, 4};
  transposed.options.storage = ConvStorage::Transposed;
  transposed.options.rows = {2, 1, 1, 1};
  cases.push_back(transposed);
  ConvCase part{"part of a fused projection", layer({99, 33}, 33, 33), 1, 50, 1, 50};
  part.options.first_out = 33;
  cases.push_back(part);
  ConvCase scaled{"scaled with residual", layer({64, 20}, 20, 64), 2, 17, 2, 17, true};
  scaled.options.scale = "gamma";
  cases.push_back(scaled);
  cases.push_back({"one pixel", layer({2, 1}, 1, 2), 1, 1, 1, 1});
  return cases;
}

TEST(ConvLayer, fused_form_is_the_definition) {
  for (const ConvCase& test : conv_cases()) check_convolution(test, /*own_kernels=*/true);
}

TEST(ConvLayer, ggml_operations_are_the_definition) {
  for (const ConvCase& test : conv_cases()) check_convolution(test, /*own_kernels=*/false);
}

struct NormCase {
  const char* name;
  int64_t rows, columns, channels;
  ConvActivation activation;
  bool with_residual = false;
};

std::vector<double> slow_norm(const NormCase& test, const ConvValues& values) {
  std::vector<double> result;
  const int64_t size = test.columns * test.channels;
  const bool glu = test.activation == ConvActivation::Glu;
  const int64_t kept = glu ? test.channels / 2 : test.channels;
  for (int64_t row = 0; row < test.rows; ++row) {
    const float* x = values.x.data() + row * size;
    double mean = 0.0, variance = 0.0;
    for (int64_t i = 0; i < size; ++i) mean += x[i] / static_cast<double>(size);
    for (int64_t i = 0; i < size; ++i) {
      variance += (x[i] - mean) * (x[i] - mean) / static_cast<double>(size);
    }
    for (int64_t column = 0; column < test.columns; ++column) {
      const auto normed = [&](int64_t c) {
        const double value = (x[column * test.channels + c] - mean) / std::sqrt(variance + 1e-5);
        return value * values.kernel[static_cast<size_t>(c)] + values.bias[static_cast<size_t>(c)];
      };
      for (int64_t c = 0; c < kept; ++c) {
        double y = activate(normed(c), glu ? normed(kept + c) : 0.0, test.activation);
        if (test.with_residual) {
          y = values.residual[result.size()] + y * values.scale[static_cast<size_t>(c)];
        }
        result.push_back(y);
      }
    }
  }
  return result;
}

void check_norm(const NormCase& test, bool own_kernels) {
  const auto device = Device::open({"cpu", 2, own_kernels});
  const int64_t kept = test.activation == ConvActivation::Glu ? test.channels / 2 : test.channels;
  ConvValues values{noise(test.rows * test.columns * test.channels, 1),
                    noise(test.channels, 2),
                    noise(test.channels, 3),
                    noise(kept, 4),
                    noise(test.rows * test.columns * kept, 5)};
  for (float& value : values.x) value += 3.0f;  // a mean that matters
  MemoryFile file;
  file.add("weight", {test.channels}, values.kernel);
  file.add("bias", {test.channels}, values.bias);
  file.add("scale", {kept}, values.scale);
  WeightStore store;
  RowNormOptions options;
  options.weight = store.root().exact("weight", {test.channels});
  options.bias = store.root().exact("bias", {test.channels});
  options.activation = test.activation;
  const Weight* scale = store.root().exact("scale", {kept});
  store.load(file, *device, Precision::F32);
  Tensor x, y;
  Graph graph(*device, [&](GraphBuilder& g) {
    x = g.input("x", {test.rows, test.columns, test.channels});
    if (test.with_residual) {
      options.residual = g.input("residual", {test.rows, test.columns, kept});
      options.scale = scale;
    }
    y = g.output("y", row_norm(g, x, options));
  });
  graph.set(x, values.x);
  if (test.with_residual) graph.set(options.residual, values.residual);
  graph.run();
  expect_close(test.name, graph.get(y), slow_norm(test, values));
}

// One row and several, fewer channels than a vector has lanes and more, columns that do not fill a
// group.
constexpr NormCase kNorms[] = {
    {"one row", 1, 777, 12, ConvActivation::None},
    {"one short row", 1, 3, 2, ConvActivation::Gelu},
    {"one row with residual", 1, 777, 40, ConvActivation::Glu, true},
    {"narrow rows", 5, 33, 6, ConvActivation::Gelu},
    {"one channel", 5, 33, 1, ConvActivation::Gelu},
    {"gated rows", 5, 33, 42, ConvActivation::Glu, true},
    {"wide gated rows", 3, 33, 96, ConvActivation::Glu, true},
};

TEST(RowNorm, fused_form_is_the_definition) {
  for (const NormCase& test : kNorms) check_norm(test, /*own_kernels=*/true);
}

TEST(RowNorm, ggml_operations_are_the_definition) {
  for (const NormCase& test : kNorms) check_norm(test, /*own_kernels=*/false);
}

TEST(RowNorm, result_does_not_depend_on_the_number_of_threads) {
  std::vector<float> first;
  for (const int threads : {1, 2, 3}) {
    const auto device = Device::open({"cpu", threads});
    const std::vector<float> values = noise(999 * 20, 1);
    const std::vector<float> weights = noise(20, 2);
    MemoryFile file;
    file.add("weight", {20}, weights);
    file.add("bias", {20}, weights);
    WeightStore store;
    RowNormOptions options;
    options.weight = store.root().exact("weight", {20});
    options.bias = store.root().exact("bias", {20});
    store.load(file, *device, Precision::F32);
    Tensor x, y;
    Graph graph(*device, [&](GraphBuilder& g) {
      x = g.input("x", {1, 999, 20});
      y = g.output("y", row_norm(g, x, options));
    });
    graph.set(x, values);
    graph.run();
    if (first.empty()) first = graph.get(y).data;
    EXPECT_EQ(graph.get(y).data, first) << threads;
  }
}

}  // namespace
}  // namespace ams
