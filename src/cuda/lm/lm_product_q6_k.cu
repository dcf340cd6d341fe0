// lm_product() for q6_k weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_q6_k(Queue& queue, const LmProduct& work) { run_lm_product<Q6Pieces>(queue, work); }

}  // namespace ams::cuda
