#include "tensor/cpu_nodes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ggml.h>

namespace ams {
namespace {

// Below, turning the matrix costs more than the better kernel saves (bench_products).
constexpr int64_t kFewestWideRows = 33;
constexpr int64_t kFewestWideQ8Rows = 17;
constexpr int64_t kBlocksAtOnce = 32;     // packed row blocks that meet one part of the matrix
constexpr int64_t kTicketsPerThread = 8;  // of a narrow product

// ggml's node that calls `run` on every thread.
ggml_tensor* custom_node(ggml_context* context,
                         ggml_type type,
                         std::array<int64_t, 3> ne,
                         std::span<ggml_tensor*> operands,
                         ggml_custom_op_t run,
                         void* userdata) {
  return ggml_custom_4d(context,
                        type,
                        ne[0],
                        ne[1],
                        ne[2],
                        1,
                        operands.data(),
                        static_cast<int>(operands.size()),
                        run,
                        GGML_N_TASKS_MAX,
                        userdata);
}

AttentionStrides strides(const ggml_tensor* x) {
  const auto elements = [&](int axis) {
    return static_cast<int64_t>(x->nb[axis] / ggml_type_size(x->type));
  };
  return {elements(1), elements(2), elements(3)};
}

}  // namespace

struct CpuNodePool::Product {
  CpuNodePool* pool = nullptr;
  const ggml_tensor *matrix = nullptr, *x = nullptr, *packed = nullptr;
  int64_t chunk = 0;  // outputs of a ticket, if narrow
  Tickets pack_tickets, tickets;

  MatmulArgs args(ggml_tensor* result) const {
    MatmulArgs a;
    a.in = matrix->ne[0];
    a.out = matrix->ne[1];
    a.rows = x->ne[1];
    a.type = matrix->type == GGML_TYPE_Q8_0 ? MatrixType::Q8_0 : MatrixType::Bf16;
    a.weights = matrix->data;
    a.y = static_cast<float*>(result->data);
    return a;
  }
};

struct CpuNodePool::Attention {
  CpuNodePool* pool = nullptr;
  AttentionArgs args;  // without pointers
  const ggml_tensor *q = nullptr, *k = nullptr, *v = nullptr, *mask = nullptr;
  Tickets tickets;
};

CpuNodePool::CpuNodePool(int threads) : scratch_(threads) {}

CpuNodePool::~CpuNodePool() = default;

bool CpuNodePool::can_multiply(const ggml_tensor* matrix, int64_t rows) {
  if (!matmul_kernel() || !ggml_is_contiguous(matrix) || ggml_n_dims(matrix) > 2) return false;
  if (matrix->ne[0] % kMatmulStep != 0) return false;
  if (matrix->type != GGML_TYPE_BF16 && matrix->type != GGML_TYPE_Q8_0) return false;
  const int64_t fewest = matrix->type == GGML_TYPE_BF16 ? kFewestWideRows : kFewestWideQ8Rows;
  const bool wide = rows >= fewest && matrix->ne[1] % kMatmulBlock == 0;
  return wide || rows <= kNarrowRows;
}

ggml_tensor* CpuNodePool::multiply(ggml_context* context, ggml_tensor* matrix, ggml_tensor* x) {
  products_.push_back(std::make_unique<Product>());
  Product& product = *products_.back();
  product.pool = this;
  product.matrix = matrix;
  product.x = x;
  const int64_t in = matrix->ne[0], out = matrix->ne[1], rows = x->ne[1];
  std::array<ggml_tensor*, 2> operands{x, matrix};
  if (rows <= kNarrowRows) {
    product.chunk = std::max<int64_t>(16, out / (kTicketsPerThread * scratch_.threads()));
    scratch_.reserve(rows * in / 2);
    return custom_node(context, GGML_TYPE_F32, {out, rows, 1}, operands, run_narrow, &product);
  }
  const RowBlocks blocks = matmul_row_blocks(rows);
  scratch_.reserve(kMatmulBlock / 2 * in);
  ggml_tensor* packed = custom_node(context,
                                    GGML_TYPE_I32,
                                    {blocks.rows * in / 2, blocks.count, 1},
                                    std::span(operands).first(1),
                                    run_pack,
                                    &product);
  product.packed = packed;
  operands[0] = packed;
  return custom_node(context, GGML_TYPE_F32, {out, rows, 1}, operands, run_wide, &product);
}

void CpuNodePool::run_narrow(ggml_tensor* result, int thread, int threads, void* userdata) {
  Product& product = *static_cast<Product*>(userdata);
  const MatmulArgs args = product.args(result);
  auto* rounded = reinterpret_cast<uint16_t*>(product.pool->scratch_.of(thread));
  matmul_kernel()->round(static_cast<const float*>(product.x->data), args.rows * args.in, rounded);
  const int64_t tickets = (args.out + product.chunk - 1) / product.chunk;
  product.tickets.draw(threads, tickets, [&](int64_t ticket) {
    const int64_t begin = ticket * product.chunk;
    matmul_kernel()->narrow(args, rounded, begin, std::min(args.out, begin + product.chunk));
  });
}

void CpuNodePool::run_pack(ggml_tensor* result, int thread, int threads, void* userdata) {
  Product& product = *static_cast<Product*>(userdata);
  const MatmulArgs args = product.args(result);
  auto* scratch = reinterpret_cast<uint16_t*>(product.pool->scratch_.of(thread));
  product.pack_tickets.draw(threads, result->ne[1], [&](int64_t ticket) {
    matmul_kernel()->pack(args,
                          static_cast<const float*>(product.x->data),
                          ticket,
                          ticket + 1,
                          static_cast<uint32_t*>(result->data),
                          scratch);
  });
}

void CpuNodePool::run_wide(ggml_tensor* result, int thread, int threads, void* userdata) {
  Product& product = *static_cast<Product*>(userdata);
  const MatmulArgs args = product.args(result);
  auto* scratch = reinterpret_cast<uint32_t*>(product.pool->scratch_.of(thread));
  const int64_t blocks = product.packed->ne[1];
  const int64_t chunks = (blocks + kBlocksAtOnce - 1) / kBlocksAtOnce;
  const int64_t columns = args.out / kMatmulBlock;
  product.tickets.draw(threads, chunks * columns, [&](int64_t ticket) {
    const int64_t chunk = ticket / columns;
    matmul_kernel()->run(args,
                         static_cast<const uint32_t*>(product.packed->data),
                         ticket % columns,
                         blocks * chunk / chunks,
                         blocks * (chunk + 1) / chunks,
                         scratch);
  });
}

ggml_tensor* CpuNodePool::attend(ggml_context* context,
                                 Tensor q,
                                 Tensor k,
                                 Tensor v,
                                 Tensor mask,
                                 const AttentionOptions& options) {
  attentions_.push_back(std::make_unique<Attention>());
  Attention& attention = *attentions_.back();
  attention.pool = this;
  attention.q = q.node;
  attention.k = k.node;
  attention.v = v.node;
  attention.mask = mask.node;
  AttentionArgs& args = attention.args;
  args.batch = q.dim(0);
  args.queries = q.dim(1);
  args.heads = q.dim(2);
  args.head_dim = q.dim(3);
  args.keys = k.dim(1);
  args.kv_heads = k.dim(2);
  args.scale = 1.0f / std::sqrt(static_cast<float>(args.head_dim));
  args.window = options.window;
  args.causal = options.causal;
  args.half_keys = k.node->type == GGML_TYPE_BF16;
  args.q_strides = strides(q.node);
  args.k_strides = strides(k.node);
  args.v_strides = strides(v.node);
  if (mask) {
    args.mask_row = static_cast<int64_t>(mask.node->nb[1] / sizeof(uint16_t));
    const bool shared = mask.node->ne[3] == 1;
    args.mask_batch = shared ? 0 : static_cast<int64_t>(mask.node->nb[3] / sizeof(uint16_t));
  }
  scratch_.reserve(attention_kernel().scratch_size(args));
  std::array<ggml_tensor*, 4> operands{q.node, k.node, v.node, mask.node};
  return custom_node(context,
                     GGML_TYPE_F32,
                     {args.heads * args.head_dim, args.queries, args.batch},
                     std::span(operands).first(mask ? 4 : 3),
                     run_attention,
                     &attention);
}

void CpuNodePool::run_attention(ggml_tensor* result, int thread, int threads, void* userdata) {
  Attention& attention = *static_cast<Attention*>(userdata);
  AttentionArgs args = attention.args;
  args.q = static_cast<const float*>(attention.q->data);
  args.k = attention.k->data;
  args.v = attention.v->data;
  if (attention.mask) args.mask = static_cast<const uint16_t*>(attention.mask->data);
  args.out = static_cast<float*>(result->data);
  float* scratch = attention.pool->scratch_.of(thread);
  attention.tickets.draw(threads, attention_units(args), [&](int64_t unit) {
    attention_kernel().run(args, unit, scratch);
  });
}

}  // namespace ams
