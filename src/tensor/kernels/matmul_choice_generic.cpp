// Processors other than x86-64 use ggml's products.
#include "tensor/kernels/matmul.h"

namespace ams {

const MatmulKernel* matmul_kernel() { return nullptr; }

}  // namespace ams
