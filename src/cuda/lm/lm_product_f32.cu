// lm_product() for f32 weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_f32(Queue& queue, const LmProduct& work) { run_lm_product<F32Pieces>(queue, work); }

}  // namespace ams::cuda
