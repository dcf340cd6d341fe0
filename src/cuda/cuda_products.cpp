#include "cuda/cuda_products.h"

#include "base/error.h"
#include "base/str.h"
#include "cuda/cuda_status.h"

namespace ams::cuda {
namespace {

constexpr size_t kWorkspaceBytes = size_t{32} << 20;  // what cuBLAS recommends for sm_90

// Owns one of cuBLASLt's descriptions.
template <class Handle, cublasStatus_t (*kDestroy)(Handle)>
class Owned {
 public:
  Owned() = default;
  ~Owned() {
    if (handle_) kDestroy(handle_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Handle get() const { return handle_; }
  Handle* address() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using Operation = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

// What may be assumed of an address; up to what ggml aligns weights to.
uint32_t alignment_of(const void* pointer) {
  constexpr uintptr_t kMost = 128;
  const auto address = reinterpret_cast<uintptr_t>(pointer) | kMost;
  return static_cast<uint32_t>(address & (~address + 1));
}

cudaDataType_t data_type(ValueType type) {
  return type == ValueType::F32 ? CUDA_R_32F : CUDA_R_16BF;
}

// cuBLASLt counts by columns: a dense row-major [rows, width] is its [width, rows].
void describe(Layout& layout, ValueType type, int64_t rows, int64_t width) {
  check(cublasLtMatrixLayoutCreate(layout.address(),
                                   data_type(type),
                                   static_cast<uint64_t>(width),
                                   static_cast<uint64_t>(rows),
                                   width),
        "describing a matrix");
}

}  // namespace

CudaProducts::Alignments CudaProducts::alignments_of(const Product& product) {
  const void* const addend = product.addend ? product.addend : product.y;
  return {alignment_of(product.w),
          alignment_of(product.x),
          alignment_of(addend),
          alignment_of(product.y)};
}

struct CudaProducts::Plan {
  Operation operation;
  Layout x, w, y;
  cublasLtMatmulAlgo_t algorithm{};
  size_t workspace_bytes = 0;
};

CudaProducts::CudaProducts() {
  check(cublasLtCreate(&handle_), "starting cuBLASLt");
  const cudaError_t status = cudaMalloc(&workspace_, kWorkspaceBytes);
  if (status != cudaSuccess) {
    cublasLtDestroy(handle_);
    check(status, "allocating the workspace of products");
  }
}

CudaProducts::~CudaProducts() {
  plans_.clear();
  cudaFree(workspace_);
  cublasLtDestroy(handle_);
}

std::unique_ptr<CudaProducts::Plan> CudaProducts::make_plan(const Product& product) const {
  auto plan = std::make_unique<Plan>();
  // y^T [outputs, rows] = (w^T)^T x^T, each as cuBLASLt sees it.
  check(cublasLtMatmulDescCreate(plan->operation.address(), CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "describing a product");
  const cublasOperation_t transposed = CUBLAS_OP_T;
  check(cublasLtMatmulDescSetAttribute(
            plan->operation.get(), CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)),
        "describing a product");
  describe(plan->w, product.operands, product.outputs, product.inputs);
  describe(plan->x, product.operands, product.rows, product.inputs);
  describe(plan->y, product.result, product.rows, product.outputs);

  Preference preference;
  check(cublasLtMatmulPreferenceCreate(preference.address()), "choosing a product");
  check(cublasLtMatmulPreferenceSetAttribute(preference.get(),
                                             CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &kWorkspaceBytes,
                                             sizeof(kWorkspaceBytes)),
        "choosing a product");
  // Partial sums may be added through the workspace in fp32, which has an order, but not in place.
  const uint32_t reductions =
      CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  check(cublasLtMatmulPreferenceSetAttribute(preference.get(),
                                             CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                             &reductions,
                                             sizeof(reductions)),
        "choosing a product");
  const auto promise = [&](cublasLtMatmulPreferenceAttributes_t operand, uint32_t bytes) {
    check(cublasLtMatmulPreferenceSetAttribute(preference.get(), operand, &bytes, sizeof(bytes)),
          "choosing a product");
  };
  const Alignments aligned = alignments_of(product);
  promise(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, aligned[0]);
  promise(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, aligned[1]);
  promise(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, aligned[2]);
  promise(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, aligned[3]);
  cublasLtMatmulHeuristicResult_t choice{};
  int found = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle_,
                                                               plan->operation.get(),
                                                               plan->w.get(),
                                                               plan->x.get(),
                                                               plan->y.get(),
                                                               plan->y.get(),
                                                               preference.get(),
                                                               1,
                                                               &choice,
                                                               &found);
  if (status != CUBLAS_STATUS_SUCCESS || found == 0) {
    throw Error(ErrorCode::Unsupported,
                str("cuda: cuBLASLt has no product of [",
                    product.rows,
                    ", ",
                    product.inputs,
                    "] with ",
                    product.outputs,
                    " outputs: ",
                    cublasLtGetStatusString(status)));
  }
  plan->algorithm = choice.algo;
  plan->workspace_bytes = choice.workspaceSize;
  return plan;
}

const CudaProducts::Plan& CudaProducts::plan_of(const Product& product) {
  const Key key{product.rows,
                product.inputs,
                product.outputs,
                product.operands,
                product.result,
                alignments_of(product)};
  std::unique_ptr<Plan>& plan = plans_[key];
  if (!plan) plan = make_plan(product);
  return *plan;
}

void CudaProducts::multiply(const Product& product, cudaStream_t stream) {
  const Plan& plan = plan_of(product);
  const float one = 1.0f;
  const float kept = product.addend ? 1.0f : 0.0f;
  const void* addend = product.addend ? product.addend : product.y;
  check(cublasLtMatmul(handle_,
                       plan.operation.get(),
                       &one,
                       product.w,
                       plan.w.get(),
                       product.x,
                       plan.x.get(),
                       &kept,
                       addend,
                       plan.y.get(),
                       product.y,
                       plan.y.get(),
                       &plan.algorithm,
                       workspace_,
                       plan.workspace_bytes,
                       stream),
        "multiplying matrices");
}

}  // namespace ams::cuda
