// Our product and attention kernels as nodes of a ggml graph on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/graph_builder.h"
#include "tensor/kernels/attention.h"
#include "tensor/kernels/matmul.h"
#include "tensor/node_threads.h"

struct ggml_context;
struct ggml_tensor;

namespace ams {

// Owns what the nodes of one graph need while it runs: their sizes and one scratch memory per
// thread, which they share. Must outlive the graph. Confined to the worker thread; the nodes run on
// the device's threads.
class CpuNodePool {
 public:
  // `threads`: the most threads that will run the graph.
  explicit CpuNodePool(int threads);
  ~CpuNodePool();
  CpuNodePool(const CpuNodePool&) = delete;
  CpuNodePool& operator=(const CpuNodePool&) = delete;

  // Whether a kernel of this processor multiplies dense fp32 rows with the matrix, faster than
  // ggml's.
  static bool can_multiply(const ggml_tensor* matrix, int64_t rows);
  // matrix [out, in], x dense [rows, in] -> [rows, out].
  ggml_tensor* multiply(ggml_context* context, ggml_tensor* matrix, ggml_tensor* x);

  // q [B, S, heads, D] fp32, k, v [B, L, kv_heads, D] fp32 or bf16, D a multiple of 32, all with
  // dense D; mask fp16 [B or 1, 1, S, L], 0 for visible keys, or none. Returns [B, S, heads * D].
  ggml_tensor* attend(ggml_context* context,
                      Tensor q,
                      Tensor k,
                      Tensor v,
                      Tensor mask,
                      const AttentionOptions& options);

 private:
  struct Product;
  struct Attention;
  static void run_narrow(ggml_tensor* result, int thread, int threads, void* product);
  static void run_pack(ggml_tensor* result, int thread, int threads, void* product);
  static void run_wide(ggml_tensor* result, int thread, int threads, void* product);
  static void run_attention(ggml_tensor* result, int thread, int threads, void* attention);

  std::vector<std::unique_ptr<Product>> products_;
  std::vector<std::unique_ptr<Attention>> attentions_;
  ThreadScratch scratch_;
};

}  // namespace ams
