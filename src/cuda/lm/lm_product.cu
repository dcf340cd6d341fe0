// Chooses the kernel of lm_product_kernel.h by format.
#include "base/error.h"
#include "base/str.h"
#include "cuda/lm/lm_product_kernel.h"

namespace ams::cuda {

void lm_product(Queue& queue, const LmProduct& work) {
  if (work.rows < 1 || work.rows > kMostProductRows ||
      work.w.inputs % block_values(work.w.format) != 0) {
    throw Error(ErrorCode::Internal,
                str("cuda: a product of ", work.rows, " rows of ", work.w.inputs, " values"));
  }
  switch (work.w.format) {
    case WeightFormat::F32:
      return lm_product_f32(queue, work);
    case WeightFormat::Bf16:
      return lm_product_bf16(queue, work);
    case WeightFormat::Q8_0:
      return lm_product_q8_0(queue, work);
    case WeightFormat::Q4_K:
      return lm_product_q4_k(queue, work);
    case WeightFormat::Q5_K:
      return lm_product_q5_k(queue, work);
    case WeightFormat::Q6_K:
      return lm_product_q6_k(queue, work);
  }
}

}  // namespace ams::cuda
