// lm_product() for bf16 weights; see lm_product_kernel.h.
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product_bf16(Queue& queue, const LmProduct& work) {
  run_lm_product<Bf16Pieces>(queue, work);
}

}  // namespace ams::cuda
