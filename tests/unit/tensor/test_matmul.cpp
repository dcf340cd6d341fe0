// Products with stored matrices: our kernels where this processor has them, ggml's elsewhere,
// against sums in double over the same rounded values.
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/dtype.h"
#include "tensor/graph.h"
#include "tensor/kernels/matmul.h"

namespace ams {
namespace {

std::vector<float> random_values(int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

float rounded(float value) { return bf16_to_float(float_to_bf16(value)); }

// x [rows, in] times w [out, in], both rounded to bf16.
std::vector<double> reference(const std::vector<float>& x,
                              const std::vector<float>& w,
                              int64_t rows,
                              int64_t in,
                              int64_t out) {
  std::vector<double> y;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t o = 0; o < out; ++o) {
      double sum = 0.0;
      for (int64_t i = 0; i < in; ++i) {
        sum += double{rounded(x[static_cast<size_t>(r * in + i)])} *
               rounded(w[static_cast<size_t>(o * in + i)]);
      }
      y.push_back(sum);
    }
  }
  return y;
}

double relative_error(const std::vector<float>& actual, const std::vector<double>& expected) {
  double error = 0.0, norm = 0.0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(actual[i] - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  return std::sqrt(error / norm);
}

// A bf16 matrix on a device.
class Linear {
 public:
  Linear(int64_t in, std::vector<float> w, int threads)
      : values(std::move(w)), device_(Device::open({"cpu", threads})), in_(in) {
    matrix_ = store_.root().matrix("w", static_cast<int64_t>(values.size()) / in, in);
    store_.load_random(1, *device_, Precision::BF16);
    store_.overwrite(store_.matrix_parts().front(), values);
  }

  std::vector<float> operator()(const std::vector<float>& x) const {
    Tensor input, output;
    Graph graph(*device_, [&](GraphBuilder& g) {
      input = g.input("x", {static_cast<int64_t>(x.size()) / in_, in_});
      output = g.output("y", g.linear(input, matrix_));
    });
    graph.set(input, x);
    graph.run();
    graph.run();  // nodes must be ready for another run
    return graph.get(output).data;
  }

  const std::vector<float> values;

 private:
  std::unique_ptr<Device> device_;
  WeightStore store_;
  const Weight* matrix_;
  int64_t in_;
};

TEST(Matmul, any_number_of_rows_and_sizes_equals_plain_sums) {
  const std::vector<std::pair<int64_t, int64_t>> sizes{{32, 32}, {96, 50}, {160, 96}, {1024, 32}};
  for (const auto& [in, out] : sizes) {
    const Linear linear(in, random_values(out * in, 2), 2);
    for (const int64_t rows : {1, 2, 3, 5, 7, 8, 9, 16, 17, 20, 33, 43, 125, 500}) {
      const std::vector<float> x = random_values(rows * in, 1);
      EXPECT_LT(relative_error(linear(x), reference(x, linear.values, rows, in, out)), 2e-6)
          << rows << " x " << in << " x " << out;
    }
  }
}

TEST(Matmul, the_number_of_threads_does_not_change_a_byte) {
  constexpr int64_t kIn = 256, kOut = 320;
  const std::vector<float> w = random_values(kOut * kIn, 4);
  const Linear one(kIn, w, 1), two(kIn, w, 2), five(kIn, w, 5);
  for (const int64_t rows : {1, 2, 31, 200}) {
    const std::vector<float> x = random_values(rows * kIn, 3);
    EXPECT_EQ(two(x), one(x)) << rows;
    EXPECT_EQ(five(x), one(x)) << rows;
  }
}

TEST(Matmul, packed_blocks_hold_all_rows_and_waste_less_than_one_block) {
  for (int64_t rows = 1; rows < 2000; ++rows) {
    const RowBlocks blocks = matmul_row_blocks(rows);
    EXPECT_GE(blocks.rows * blocks.count, rows);
    EXPECT_LT(blocks.rows * (blocks.count - 1), rows);
    EXPECT_TRUE(blocks.rows >= 8 && blocks.rows <= 14 && blocks.rows % 2 == 0) << rows;
  }
}

// A matrix of blocks of 32 signed bytes, with factors that fp16 holds exactly.
struct Q8Matrix {
  Q8Matrix(int64_t in, int64_t out) {
    constexpr uint16_t kHalves[] = {0x3C00, 0x2C00, 0xB800};
    constexpr float kFactors[] = {1.0f, 0.0625f, -0.5f};
    std::mt19937_64 random(5);
    for (int64_t block = 0; block < out * in / 32; ++block) {
      const auto choice = static_cast<size_t>(block % 3);
      blocks.push_back(static_cast<unsigned char>(kHalves[choice] & 0xFF));
      blocks.push_back(static_cast<unsigned char>(kHalves[choice] >> 8));
      for (int i = 0; i < 32; ++i) {
        const auto byte = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
        blocks.push_back(static_cast<unsigned char>(byte));
        values.push_back(static_cast<float>(byte) * kFactors[choice]);
      }
    }
  }
  std::vector<unsigned char> blocks;
  std::vector<float> values;
};

TEST(Matmul, narrow_q8_0_equals_plain_sums) {
  const MatmulKernel* kernel = matmul_kernel();
  if (!kernel) GTEST_SKIP() << "this processor has no such kernel";
  constexpr int64_t kIn = 160, kOut = 33;
  const Q8Matrix matrix(kIn, kOut);
  for (int64_t rows = 1; rows <= kNarrowRows; ++rows) {
    const std::vector<float> x = random_values(rows * kIn, 6);
    std::vector<uint16_t> halves(x.size());
    std::vector<float> y(static_cast<size_t>(rows * kOut), NAN);
    const MatmulArgs args{rows, kIn, kOut, MatrixType::Q8_0, matrix.blocks.data(), y.data()};
    kernel->round(x.data(), rows * kIn, halves.data());
    kernel->narrow(args, halves.data(), 0, 7);
    kernel->narrow(args, halves.data(), 7, kOut);
    EXPECT_LT(relative_error(y, reference(x, matrix.values, rows, kIn, kOut)), 2e-6) << rows;
  }
}

TEST(Matmul, wide_q8_0_equals_plain_sums) {
  const MatmulKernel* kernel = matmul_kernel();
  if (!kernel) GTEST_SKIP() << "this processor has no such kernel";
  constexpr int64_t kRows = 37, kIn = 128, kOut = 64;
  const Q8Matrix matrix(kIn, kOut);
  const std::vector<float> x = random_values(kRows * kIn, 6);
  std::vector<float> y(static_cast<size_t>(kRows * kOut), NAN);
  const MatmulArgs args{kRows, kIn, kOut, MatrixType::Q8_0, matrix.blocks.data(), y.data()};
  const RowBlocks packing = matmul_row_blocks(kRows);
  std::vector<uint32_t> packed(static_cast<size_t>(packing.rows * packing.count * kIn / 2));
  std::vector<uint16_t> row(kIn);
  std::vector<uint32_t> memory(kIn * 16 + 16);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  uint32_t* scratch = memory.data() + (64 - address % 64) % 64 / sizeof(uint32_t);
  kernel->pack(args, x.data(), 0, packing.count, packed.data(), row.data());
  for (int64_t block = 0; block < kOut / kMatmulBlock; ++block) {
    kernel->run(args, packed.data(), block, 0, packing.count, scratch);
  }
  EXPECT_LT(relative_error(y, reference(x, matrix.values, kRows, kIn, kOut)), 2e-6);
}

}  // namespace
}  // namespace ams
