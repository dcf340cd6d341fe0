#include "tensor/graph.h"

#include <algorithm>
#include <array>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include "base/error.h"
#include "base/str.h"
#include "tensor/huge_pages.h"

namespace ams {
namespace {

void check_size(const Tensor& tensor, size_t bytes, std::string_view what) {
  if (ggml_nbytes(tensor.node) == bytes) return;
  throw Error(ErrorCode::Internal,
              str("graph: ",
                  what,
                  " '",
                  tensor.node->name,
                  "' ",
                  shape_str(tensor.shape()),
                  " has ",
                  ggml_nbytes(tensor.node),
                  " bytes, the caller's value ",
                  bytes));
}

size_t node_bytes(int64_t max_nodes) {
  const auto nodes = static_cast<size_t>(max_nodes);
  return ggml_tensor_overhead() * nodes * 2 + ggml_graph_overhead_custom(nodes, /*grads=*/false);
}

}  // namespace

Graph::Graph(const Device& device,
             const std::function<void(GraphBuilder&)>& build,
             const GraphOptions& options)
    : device_(&device), context_(node_bytes(options.max_nodes)) {
  const auto max_nodes = static_cast<size_t>(options.max_nodes);
  cgraph_ = ggml_new_graph_custom(context_, max_nodes, /*grads=*/false);
  GraphBuilder builder(context_, cgraph_, device, options.keep_taps);
  build(builder);
  taps_ = builder.taps();
  kept_ = builder.kept();
  allocator_.reset(ggml_gallocr_new(device.buffer_type()));
  measure_scratch();
  if (device.measures_only()) {
    size_t size = 0;
    ggml_gallocr_reserve_n_size(allocator_.get(), cgraph_, nullptr, nullptr, &size);
    bytes_ = MeteredBytes(device.meter(), size);
    return;
  }
  allocate();
  for (const GraphBuilder::Constant& constant : builder.constants()) {
    // A mask that no node reads got no memory.
    if (!constant.tensor.node->buffer) continue;
    ggml_backend_tensor_set(constant.tensor.node, constant.bytes.data(), 0, constant.bytes.size());
  }
}

void Graph::allocate() {
  const Device& device = *device_;
  for (int i = 0; i < ggml_graph_n_nodes(cgraph_); ++i) {
    const ggml_tensor* node = ggml_graph_node(cgraph_, i);
    if (!device.supports(node)) {
      throw Error(ErrorCode::Unsupported,
                  str("graph: ",
                      device.info().name,
                      " cannot run ",
                      ggml_op_desc(node),
                      " '",
                      node->name,
                      "' of ",
                      ggml_type_name(node->type),
                      "; --device cpu can"));
    }
  }
  if (!ggml_gallocr_alloc_graph(allocator_.get(), cgraph_)) {
    throw Error(ErrorCode::OutOfMemory,
                str("graph: the intermediate values do not fit on ",
                    device.info().name,
                    ", ",
                    device.info().memory_free >> 20,
                    " MiB are free; a shorter duration or smaller tiles need less"));
  }
  bytes_ = MeteredBytes(device.meter(), ggml_gallocr_get_buffer_size(allocator_.get(), 0));
}

// The CPU back end keeps scratch space for converted operands from graph to graph.
void Graph::measure_scratch() const {
  if (!device_->is_cpu()) return;
  device_->meter().need_scratch(
      ggml_graph_plan(cgraph_, device_->threads(), /*threadpool=*/nullptr).work_size);
}

void Graph::FreeAllocator::operator()(ggml_gallocr* allocator) const {
  ggml_gallocr_free(allocator);
}

void Graph::set(Tensor input, std::span<const float> values) {
  check_size(input, values.size_bytes(), "input");
  if (input.node->buffer) {
    ggml_backend_tensor_set(input.node, values.data(), 0, values.size_bytes());
  }
}

void Graph::set(Tensor input, std::span<const int32_t> values) {
  check_size(input, values.size_bytes(), "input");
  if (input.node->buffer) {
    ggml_backend_tensor_set(input.node, values.data(), 0, values.size_bytes());
  }
}

void Graph::set(Tensor input, std::span<const int64_t> values) {
  check_size(input, values.size_bytes(), "input");
  if (input.node->buffer) {
    ggml_backend_tensor_set(input.node, values.data(), 0, values.size_bytes());
  }
}

void Graph::set_mask(Tensor input, std::span<const float> values) {
  std::vector<ggml_fp16_t> halves(values.size());
  ggml_fp32_to_fp16_row(values.data(), halves.data(), static_cast<int64_t>(values.size()));
  check_size(input, halves.size() * sizeof(ggml_fp16_t), "mask");
  if (input.node->buffer) {
    ggml_backend_tensor_set(input.node, halves.data(), 0, halves.size() * sizeof(ggml_fp16_t));
  }
}

void Graph::run() {
  if (device_->measures_only()) return;
  const ggml_status status = ggml_backend_graph_compute(device_->backend(), cgraph_);
  if (status == GGML_STATUS_SUCCESS) return;
  const ErrorCode code =
      status == GGML_STATUS_ALLOC_FAILED ? ErrorCode::OutOfMemory : ErrorCode::Internal;
  throw Error(
      code,
      str("graph: ", device_->info().name, " stopped with '", ggml_status_to_string(status), "'"));
}

void Graph::get(Tensor output, std::span<float> values) const {
  check_size(output, values.size_bytes(), "output");
  if (device_->measures_only()) {
    std::fill(values.begin(), values.end(), 0.0f);
    return;
  }
  ggml_backend_tensor_get(output.node, values.data(), 0, values.size_bytes());
}

FloatArray Graph::get(Tensor output) const {
  FloatArray array(output.shape());
  get(output, array.data);
  return array;
}

PersistentTensors::PersistentTensors(const Device& device,
                                     std::span<const Spec> specs,
                                     bool exact_caches)
    : context_(ggml_tensor_overhead() * (specs.size() + 1)),
      measures_only_(device.measures_only()) {
  // The CPU's attention accumulates in fp16 for fp16 values, but not for bf16 ones.
  const ggml_type half = device.is_cpu() ? GGML_TYPE_BF16 : GGML_TYPE_F16;
  for (const Spec& spec : specs) {
    std::array<int64_t, 4> ne{1, 1, 1, 1};
    for (size_t i = 0; i < spec.shape.size(); ++i) ne[i] = spec.shape[spec.shape.size() - 1 - i];
    const ggml_type type = spec.cache_type && !exact_caches ? half : GGML_TYPE_F32;
    ggml_tensor* node = ggml_new_tensor_4d(context_, type, ne[0], ne[1], ne[2], ne[3]);
    tensors_.push_back({node, static_cast<int>(spec.shape.size())});
  }
  const size_t need = ggml_backend_alloc_ctx_tensors_from_buft_size(context_, device.buffer_type());
  if (measures_only_) {
    for (const Tensor& tensor : tensors_) device.pretend_allocated(tensor.node);
    bytes_ = MeteredBytes(device.meter(), need);
    return;
  }
  buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(context_, device.buffer_type());
  if (!buffer_) {
    throw Error(ErrorCode::OutOfMemory,
                str("caches: ",
                    need >> 20,
                    " MiB are needed on ",
                    device.info().name,
                    ", ",
                    device.info().memory_free >> 20,
                    " MiB are free"));
  }
  advise_huge_pages(buffer_);
  ggml_backend_buffer_clear(buffer_, 0);
  bytes_ = MeteredBytes(device.meter(), ggml_backend_buffer_get_size(buffer_));
}

PersistentTensors::~PersistentTensors() { ggml_backend_buffer_free(buffer_); }

void PersistentTensors::write(size_t index, std::span<const float> values) {
  check_size(tensors_[index], values.size_bytes(), "persistent tensor");
  if (measures_only_) return;
  ggml_backend_tensor_set(tensors_[index].node, values.data(), 0, values.size_bytes());
}

void PersistentTensors::copy_rows(size_t index, int64_t from, int64_t to, int64_t rows) {
  if (measures_only_) return;
  const Tensor& tensor = tensors_[index];
  const size_t row = ggml_nbytes(tensor.node) / static_cast<size_t>(tensor.dim(0) * tensor.dim(1));
  const size_t slot = row * static_cast<size_t>(tensor.dim(1));
  std::vector<std::byte> bytes(row * static_cast<size_t>(rows));
  ggml_backend_tensor_get(
      tensor.node, bytes.data(), slot * static_cast<size_t>(from), bytes.size());
  ggml_backend_tensor_set(tensor.node, bytes.data(), slot * static_cast<size_t>(to), bytes.size());
}

}  // namespace ams
