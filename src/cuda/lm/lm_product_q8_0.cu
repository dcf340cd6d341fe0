// lm_product() for q8_0 weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_q8_0(Queue& queue, const LmProduct& work) { run_lm_product<Q8Pieces>(queue, work); }

}  // namespace ams::cuda
