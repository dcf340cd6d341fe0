// A compute graph that is built once and run many times on one device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/array.h"
#include "tensor/device.h"
#include "tensor/graph_builder.h"
#include "tensor/memory_meter.h"
#include "tensor/node_context.h"

struct ggml_gallocr;

namespace ams {

struct GraphOptions {
  int64_t max_nodes = 8192;
  bool keep_taps = false;
};

// Confined to the worker thread. The device and all weights used must outlive it.
class Graph {
 public:
  // Runs `build` once and reserves the memory of all intermediate values.
  // Throws OutOfMemory, Unsupported if the device lacks an operation.
  Graph(const Device& device,
        const std::function<void(GraphBuilder&)>& build,
        const GraphOptions& options = {});
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Fill inputs; the size must be the input's. Values persist between runs only until the next run.
  void set(Tensor input, std::span<const float> values);
  void set(Tensor input, std::span<const int32_t> values);
  void set(Tensor input, std::span<const int64_t> values);
  void set_mask(Tensor input, std::span<const float> values);  // converted to fp16

  // Throws OutOfMemory or Internal if the device gives up.
  void run();

  void get(Tensor output, std::span<float> values) const;
  FloatArray get(Tensor output) const;
  std::span<const Tap> taps() const { return taps_; }
  size_t bytes() const { return bytes_.bytes(); }  // memory of intermediate values

 private:
  void allocate();
  void measure_scratch() const;

  struct FreeAllocator {
    void operator()(ggml_gallocr* allocator) const;
  };

  const Device* device_;
  NodeContext context_;
  ggml_cgraph* cgraph_ = nullptr;
  std::unique_ptr<ggml_gallocr, FreeAllocator> allocator_;
  MeteredBytes bytes_;
  std::vector<Tap> taps_;
  std::vector<std::shared_ptr<const void>> kept_;  // what nodes point to
};

// Tensors on a device that outlive graphs: caches, conditions. Zero-filled.
class PersistentTensors {
 public:
  // One allocation for all; throws OutOfMemory. `type` of each: fp32, or the cache type of the
  // device.
  struct Spec {
    std::vector<int64_t> shape;
    bool cache_type = false;  // the type of key/value caches instead of fp32
  };
  PersistentTensors(const Device& device, std::span<const Spec> specs, bool exact_caches);
  ~PersistentTensors();
  PersistentTensors(const PersistentTensors&) = delete;
  PersistentTensors& operator=(const PersistentTensors&) = delete;

  Tensor operator[](size_t index) const { return tensors_[index]; }
  size_t bytes() const { return bytes_.bytes(); }
  void write(size_t index, std::span<const float> values);  // fp32 tensors only
  // Copies `rows` rows (outermost but `axis`… of dimension 1) between two slots of dimension 0.
  void copy_rows(size_t index, int64_t from, int64_t to, int64_t rows);

 private:
  NodeContext context_;
  bool measures_only_;
  ggml_backend_buffer* buffer_ = nullptr;
  MeteredBytes bytes_;
  std::vector<Tensor> tensors_;
};

}  // namespace ams
