#include "tensor/kernels/matmul.h"

namespace ams {

RowBlocks matmul_row_blocks(int64_t rows) {
  constexpr int64_t kMostRows = 14;
  constexpr int64_t kFewestRows = 8;
  const int64_t count = (rows + kMostRows - 1) / kMostRows;
  const int64_t even = ((rows + count - 1) / count + 1) / 2 * 2;
  const int64_t size = even < kFewestRows ? kFewestRows : even;
  return {size, (rows + size - 1) / size};
}

}  // namespace ams
