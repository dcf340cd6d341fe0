// Our convolution kernels as nodes of a ggml graph on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/convolution.h"
#include "tensor/kernels/conv1d.h"
#include "tensor/node_threads.h"
#include "tensor/tensor.h"

struct ggml_context;
struct ggml_tensor;

namespace ams {

// Owns what the convolution nodes of one graph need while it runs: their sizes and one scratch
// memory per thread, which they share. Must outlive the graph. Confined to the worker thread; the
// nodes run on the device's threads.
class ConvNodePool {
 public:
  // `threads`: the most threads that will run the graph.
  explicit ConvNodePool(int threads);
  ~ConvNodePool();
  ConvNodePool(const ConvNodePool&) = delete;
  ConvNodePool& operator=(const ConvNodePool&) = delete;

  // x and fusion.residual dense [T, C]; returns dense [T', C'].
  ggml_tensor* add(ggml_context* context,
                   Tensor x,
                   const Conv1dWeights& weights,
                   const ConvFusion& fusion,
                   bool transposed);

 private:
  struct Node;
  static void run(ggml_tensor* result, int thread, int threads, void* node);

  std::vector<std::unique_ptr<Node>> nodes_;
  ThreadScratch scratch_;
};

}  // namespace ams
