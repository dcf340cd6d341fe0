// The host bodies of cuda/tensor_core.h; tests only. Layouts of fragments are those of the PTX
// manual: mma.m16n8k16 and ldmatrix .m8n8 .b16.
#pragma once

#include <cstring>
#include <stdexcept>

#include "cuda/bf16.h"
#include "cuda/emulator/block_runner.h"

namespace ams::simt {

inline float low_half(uint32_t pair) {
  return cuda::to_float(cuda::Bf16{static_cast<uint16_t>(pair & 0xFFFFu)});
}
inline float high_half(uint32_t pair) {
  return cuda::to_float(cuda::Bf16{static_cast<uint16_t>(pair >> 16)});
}

inline void mma_m16n8k16(float (&sums)[4],
                         const uint32_t (&a)[4],
                         const uint32_t (&b)[2],
                         std::source_location where) {
  struct Offer {
    uint32_t a[4];
    uint32_t b[2];
  } offer{};
  std::memcpy(offer.a, a, sizeof(a));
  std::memcpy(offer.b, b, sizeof(b));
  BlockRunner& runner = BlockRunner::instance();
  runner.exchange(0xFFFFFFFFu, &offer, sizeof(offer), where);
  const uint32_t lane = runner.lane();
  if (lane == 0) ++runner.counters.tensor_products;
  // This lane holds rows group, group + 8 and columns 2 * member, 2 * member + 1 of the sums.
  const uint32_t group = lane / 4;
  const uint32_t member = lane % 4;
  for (uint32_t column = 0; column < 2; ++column) {
    const uint32_t n = 2 * member + column;
    for (uint32_t half = 0; half < 2; ++half) {
      float sum = sums[2 * half + column];
      for (uint32_t k = 0; k < 16; k += 2) {
        Offer row;
        Offer col;
        std::memcpy(&row, runner.result(group * 4 + k % 8 / 2), sizeof(row));
        std::memcpy(&col, runner.result(n * 4 + k % 8 / 2), sizeof(col));
        const uint32_t left = row.a[half + 2 * (k / 8)];
        const uint32_t right = col.b[k / 8];
        sum += low_half(left) * low_half(right);
        sum += high_half(left) * high_half(right);
      }
      sums[2 * half + column] = sum;
    }
  }
}

// Lane i gives the address of row i % 8 of matrix i / 8.
template <int kMatrices>
void load_matrices(uint32_t (&values)[kMatrices],
                   const void* row_address,
                   bool transposed,
                   std::source_location where) {
  BlockRunner& runner = BlockRunner::instance();
  if (reinterpret_cast<uintptr_t>(row_address) % 16 != 0) {
    throw std::logic_error("simt: ldmatrix of a row that is not aligned to 16 bytes");
  }
  runner.exchange(0xFFFFFFFFu, &row_address, sizeof(row_address), where);
  const uint32_t lane = runner.lane();
  const auto row_of = [&](uint32_t matrix, uint32_t row) {
    const std::byte* address = nullptr;
    std::memcpy(&address, runner.result(matrix * 8 + row), sizeof(address));
    return address;
  };
  const auto element = [&](uint32_t matrix, uint32_t row, uint32_t column) {
    uint16_t value = 0;
    std::memcpy(&value, row_of(matrix, row) + 2 * column, sizeof(value));
    return uint32_t{value};
  };
  for (uint32_t matrix = 0; matrix < static_cast<uint32_t>(kMatrices); ++matrix) {
    if (lane == 0) {
      ++runner.counters.matrix_loads;
      uint32_t used = 0;  // of the eight groups of four banks
      for (uint32_t row = 0; row < 8; ++row) {
        const auto address = reinterpret_cast<uintptr_t>(row_of(matrix, row));
        const uint32_t banks = uint32_t{1} << (address / 16 % 8);
        runner.counters.bank_conflicts += (used & banks) != 0;
        used |= banks;
      }
    }
    const uint32_t i = lane / 4;
    const uint32_t j = 2 * (lane % 4);
    values[matrix] = transposed ? element(matrix, j, i) | element(matrix, j + 1, i) << 16
                                : element(matrix, i, j) | element(matrix, i, j + 1) << 16;
  }
}

}  // namespace ams::simt
