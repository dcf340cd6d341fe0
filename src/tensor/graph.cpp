#include "tensor/graph.h"

#include <array>

#include <ggml-alloc.h>
#include <ggml-backend.h>
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
  allocator_.reset(ggml_gallocr_new(device.buffer_type()));
  if (!ggml_gallocr_alloc_graph(allocator_.get(), cgraph_)) {
    throw Error(ErrorCode::OutOfMemory,
                str("graph: the intermediate values do not fit on ",
                    device.info().name,
                    ", ",
                    device.info().memory_free >> 20,
                    " MiB are free; a shorter duration or smaller tiles need less"));
  }
  for (const GraphBuilder::Constant& constant : builder.constants()) {
    // A mask that no node reads got no memory.
    if (!constant.tensor.node->buffer) continue;
    ggml_backend_tensor_set(constant.tensor.node, constant.bytes.data(), 0, constant.bytes.size());
  }
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
  ggml_backend_tensor_get(output.node, values.data(), 0, values.size_bytes());
}

FloatArray Graph::get(Tensor output) const {
  FloatArray array(output.shape());
  get(output, array.data);
  return array;
}

size_t Graph::bytes() const { return ggml_gallocr_get_buffer_size(allocator_.get(), 0); }

PersistentTensors::PersistentTensors(const Device& device,
                                     std::span<const Spec> specs,
                                     bool exact_caches)
    : context_(ggml_tensor_overhead() * (specs.size() + 1)) {
  // The CPU's attention accumulates in fp16 for fp16 values, but not for bf16 ones.
  const ggml_type half = device.is_cpu() ? GGML_TYPE_BF16 : GGML_TYPE_F16;
  for (const Spec& spec : specs) {
    std::array<int64_t, 4> ne{1, 1, 1, 1};
    for (size_t i = 0; i < spec.shape.size(); ++i) ne[i] = spec.shape[spec.shape.size() - 1 - i];
    const ggml_type type = spec.cache_type && !exact_caches ? half : GGML_TYPE_F32;
    ggml_tensor* node = ggml_new_tensor_4d(context_, type, ne[0], ne[1], ne[2], ne[3]);
    tensors_.push_back({node, static_cast<int>(spec.shape.size())});
  }
  buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(context_, device.buffer_type());
  if (!buffer_) {
    size_t need = 0;
    for (const Tensor& tensor : tensors_) need += ggml_nbytes(tensor.node);
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
}

PersistentTensors::~PersistentTensors() { ggml_backend_buffer_free(buffer_); }

size_t PersistentTensors::bytes() const { return ggml_backend_buffer_get_size(buffer_); }

void PersistentTensors::write(size_t index, std::span<const float> values) {
  check_size(tensors_[index], values.size_bytes(), "persistent tensor");
  ggml_backend_tensor_set(tensors_[index].node, values.data(), 0, values.size_bytes());
}

void PersistentTensors::copy_rows(size_t index, int64_t from, int64_t to, int64_t rows) {
  const Tensor& tensor = tensors_[index];
  const size_t row = ggml_nbytes(tensor.node) / static_cast<size_t>(tensor.dim(0) * tensor.dim(1));
  const size_t slot = row * static_cast<size_t>(tensor.dim(1));
  std::vector<std::byte> bytes(row * static_cast<size_t>(rows));
  ggml_backend_tensor_get(
      tensor.node, bytes.data(), slot * static_cast<size_t>(from), bytes.size());
  ggml_backend_tensor_set(tensor.node, bytes.data(), slot * static_cast<size_t>(to), bytes.size());
}

}  // namespace ams
