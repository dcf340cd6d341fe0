// lm_product() for q5_k weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_q5_k(Queue& queue, const LmProduct& work) { run_lm_product<Q5Pieces>(queue, work); }

}  // namespace ams::cuda
