// lm_product() for q4_k weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_q4_k(Queue& queue, const LmProduct& work) { run_lm_product<Q4Pieces>(queue, work); }

}  // namespace ams::cuda
