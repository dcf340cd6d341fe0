// matmul.h with AVX512_BF16.
#if !defined(__clang__)  // GCC 12 sees uninitialised values in its own AVX-512 headers
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "tensor/kernels/matmul.h"
#include "tensor/kernels/matmul_sets.h"

namespace ams::detail {
namespace {

constexpr int64_t kPairs = 16;  // of a vector

__m512bh as_pairs(__m512i v) { return (__m512bh)v; }
__m512bh load(const uint16_t* p) { return as_pairs(_mm512_loadu_si512(p)); }

void round(const float* x, int64_t count, uint16_t* rounded) {
  for (int64_t i = 0; i < count; i += kMatmulStep) {
    const __m512bh pairs = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
    _mm512_storeu_si512(rounded + i, (__m512i)pairs);
  }
}

// A block of a q8_0 matrix: 32 signed bytes, which bf16 holds exactly, and their factor.
struct Q8Block {
  static constexpr int64_t kBytes = 34;

  explicit Q8Block(const unsigned char* block) : bytes_(block + 2) {
    short half;
    __builtin_memcpy(&half, block, sizeof(half));
    factor = _mm512_cvtph_ps(_mm256_set1_epi16(half));
  }
  __m512 values(int64_t first) const {
    __m128i bytes;
    __builtin_memcpy(&bytes, bytes_ + first, sizeof(bytes));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  __m512bh pairs() const { return _mm512_cvtne2ps_pbh(values(kPairs), values(0)); }

  __m512 factor;

 private:
  const unsigned char* bytes_;
};

// Sums of one matrix row with all rows of x. One at a time: more of them side by side are more
// streams than the prefetchers follow.
template <int Rows>
void sum_row(const uint16_t* w, int64_t in, const uint16_t* x, __m512 (&sums)[Rows]) {
  __m512 odd[Rows];  // two chains hide the latency of the products
  for (int r = 0; r < Rows; ++r) odd[r] = _mm512_setzero_ps();
  int64_t i = 0;
  for (; i + 2 * kMatmulStep <= in; i += 2 * kMatmulStep) {
    const __m512bh first = load(w + i), second = load(w + i + kMatmulStep);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      sums[r] = _mm512_dpbf16_ps(sums[r], first, load(x + r * in + i));
      odd[r] = _mm512_dpbf16_ps(odd[r], second, load(x + r * in + i + kMatmulStep));
    }
  }
  for (; i < in; i += kMatmulStep) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      sums[r] = _mm512_dpbf16_ps(sums[r], load(w + i), load(x + r * in + i));
    }
  }
  for (int r = 0; r < Rows; ++r) sums[r] = _mm512_add_ps(sums[r], odd[r]);
}

// The same with a row of blocks: the factor meets the sums of a block.
template <int Rows>
void sum_row(const unsigned char* w, int64_t in, const uint16_t* x, __m512 (&sums)[Rows]) {
  for (int64_t i = 0; i < in; i += kMatmulStep, w += Q8Block::kBytes) {
    const Q8Block block(w);
    const __m512bh pairs = block.pairs();
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const __m512 sum = _mm512_dpbf16_ps(_mm512_setzero_ps(), pairs, load(x + r * in + i));
      sums[r] = _mm512_fmadd_ps(sum, block.factor, sums[r]);
    }
  }
}

template <int Rows>
void narrow_rows(const MatmulArgs& args, const uint16_t* x, int64_t begin, int64_t end) {
  const auto* halves = static_cast<const uint16_t*>(args.weights);
  const auto* blocks = static_cast<const unsigned char*>(args.weights);
  const int64_t row_bytes = args.in / kMatmulStep * Q8Block::kBytes;
  for (int64_t o = begin; o < end; ++o) {
    __m512 sums[Rows];
    for (int r = 0; r < Rows; ++r) sums[r] = _mm512_setzero_ps();
    if (args.type == MatrixType::Q8_0) {
      sum_row<Rows>(blocks + o * row_bytes, args.in, x, sums);
    } else {
      sum_row<Rows>(halves + o * args.in, args.in, x, sums);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) args.y[r * args.out + o] = _mm512_reduce_add_ps(sums[r]);
  }
}

void narrow(const MatmulArgs& args, const uint16_t* x, int64_t begin, int64_t end) {
  using Narrow = void (*)(const MatmulArgs&, const uint16_t*, int64_t, int64_t);
  constexpr Narrow kByRows[kNarrowRows] = {narrow_rows<1>,
                                           narrow_rows<2>,
                                           narrow_rows<3>,
                                           narrow_rows<4>,
                                           narrow_rows<5>,
                                           narrow_rows<6>,
                                           narrow_rows<7>,
                                           narrow_rows<8>};
  kByRows[args.rows - 1](args, x, begin, end);
}

void pack(const MatmulArgs& args,
          const float* x,
          int64_t begin,
          int64_t end,
          uint32_t* packed,
          uint16_t* scratch) {
  const RowBlocks blocks = matmul_row_blocks(args.rows);
  const int64_t pairs = args.in / 2;
  for (int64_t b = begin; b < end; ++b) {
    uint32_t* block = packed + b * pairs * blocks.rows;
    for (int64_t r = 0; r < blocks.rows; ++r) {
      const int64_t row = b * blocks.rows + r;
      if (row < args.rows) round(x + row * args.in, args.in, scratch);
      for (int64_t p = 0; p < pairs; ++p) {
        uint32_t pair = 0;
        if (row < args.rows) __builtin_memcpy(&pair, scratch + 2 * p, sizeof(pair));
        block[p * blocks.rows + r] = pair;
      }
    }
  }
}

// Loads 32 neighbouring inputs of an output, from input `first` on, as 16 pairs.
struct Bf16Rows {
  const uint16_t* values;
  int64_t in;
  __m512i operator()(int64_t row, int64_t first) const {
    return _mm512_loadu_si512(values + row * in + first);
  }
};
struct Q8Rows {
  const unsigned char* blocks;
  int64_t in;
  __m512i operator()(int64_t row, int64_t first) const {
    const Q8Block block(blocks + (row * in + first) / kMatmulStep * Q8Block::kBytes);
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_mul_ps(block.values(kPairs), block.factor),
                                        _mm512_mul_ps(block.values(0), block.factor));
  }
};

// Turns pairs of 16 outputs into 16 columns: pair j of output i goes to columns[j * 32 + i].
template <class Rows>
void transpose(const Rows& rows, int64_t row, int64_t first, uint32_t* columns) {
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i high =
      _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
  __m512i v[kPairs], w[kPairs];
#pragma GCC unroll 16
  for (int64_t i = 0; i < kPairs; ++i) v[i] = rows(row + i, first);
    // Four perfect shuffles of the 256 pairs exchange the two halves of their index.
#pragma GCC unroll 4
  for (int pass = 0; pass < 4; ++pass) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < kPairs / 2; ++i) {
      w[2 * i] = _mm512_permutex2var_epi32(v[i], low, v[i + kPairs / 2]);
      w[2 * i + 1] = _mm512_permutex2var_epi32(v[i], high, v[i + kPairs / 2]);
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kPairs; ++i) v[i] = w[i];
  }
#pragma GCC unroll 16
  for (int64_t i = 0; i < kPairs; ++i) _mm512_store_si512(columns + i * kMatmulBlock, v[i]);
}

// Sums of Rows rows and 32 outputs over all pairs; writes the first `kept` rows.
template <int Rows>
void sum_block(const uint32_t* x,
               const uint32_t* weights,
               int64_t pairs,
               int64_t kept,
               float* y,
               int64_t stride) {
  __m512 sums[Rows][2];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; ++p, x += Rows, weights += kMatmulBlock) {
    const __m512bh first = as_pairs(_mm512_load_si512(weights));
    const __m512bh second = as_pairs(_mm512_load_si512(weights + kPairs));
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const __m512bh pair = as_pairs(_mm512_set1_epi32(static_cast<int>(x[r])));
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], first, pair);
      sums[r][1] = _mm512_dpbf16_ps(sums[r][1], second, pair);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    if (r >= kept) break;
    _mm512_storeu_ps(y + r * stride, sums[r][0]);
    _mm512_storeu_ps(y + r * stride + kPairs, sums[r][1]);
  }
}

template <int Rows>
void run_blocks(const MatmulArgs& args,
                const uint32_t* packed,
                int64_t out_block,
                int64_t begin,
                int64_t end,
                const uint32_t* weights) {
  const int64_t pairs = args.in / 2;
  for (int64_t b = begin; b < end; ++b) {
    const int64_t first = b * Rows;
    const int64_t kept = args.rows - first < Rows ? args.rows - first : Rows;
    float* y = args.y + first * args.out + out_block * kMatmulBlock;
    sum_block<Rows>(packed + b * pairs * Rows, weights, pairs, kept, y, args.out);
  }
}

template <class Rows>
void transpose_block(const Rows& rows, int64_t first_row, uint32_t* columns) {
  for (int64_t i = 0; i < rows.in; i += kMatmulStep, columns += kPairs * kMatmulBlock) {
    transpose(rows, first_row, i, columns);
    transpose(rows, first_row + kPairs, i, columns + kPairs);
  }
}

void run(const MatmulArgs& args,
         const uint32_t* packed,
         int64_t out_block,
         int64_t begin,
         int64_t end,
         uint32_t* scratch) {
  const int64_t first_row = out_block * kMatmulBlock;
  if (args.type == MatrixType::Q8_0) {
    const Q8Rows rows{static_cast<const unsigned char*>(args.weights), args.in};
    transpose_block(rows, first_row, scratch);
  } else {
    transpose_block(
        Bf16Rows{static_cast<const uint16_t*>(args.weights), args.in}, first_row, scratch);
  }
  switch (matmul_row_blocks(args.rows).rows) {
    case 8:
      return run_blocks<8>(args, packed, out_block, begin, end, scratch);
    case 10:
      return run_blocks<10>(args, packed, out_block, begin, end, scratch);
    case 12:
      return run_blocks<12>(args, packed, out_block, begin, end, scratch);
    default:
      return run_blocks<14>(args, packed, out_block, begin, end, scratch);
  }
}

}  // namespace

const MatmulKernel kMatmulAvx512Bf16{"avx512_bf16", round, narrow, pack, run};

}  // namespace ams::detail
