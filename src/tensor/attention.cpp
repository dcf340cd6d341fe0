// The four ways GraphBuilder computes attention. All accumulate in fp32:
//   own       our kernel on the CPU, windows included
//   plain     products and a softmax over the whole score matrix; runs everywhere
//   flash     ggml's fused kernel; on the CPU with fp32 keys and values (with fp16 ones it
//             accumulates in fp16), on GPUs with fp16 keys and values
//   windowed  flash over blocks of `window` queries, each with the three blocks of keys around it
#include <cmath>
#include <limits>

#include <ggml.h>

#include "tensor/cpu_nodes.h"
#include "tensor/graph_builder.h"

namespace ams {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// Values are scaled down before they are stored in fp16 and up again afterwards: a power of two, so
// the only effect is a range up to 2^20, which the largest models need.
constexpr float kHalfRange = 1.0f / 16.0f;

float score_scale(const Tensor& q) { return 1.0f / std::sqrt(static_cast<float>(q.dim(-1))); }

// [B, S, heads, D] -> a view with heads outside of positions, as ggml's attention reads it.
ggml_tensor* heads_first(ggml_context* context, ggml_tensor* x) {
  return ggml_permute(context, x, 0, 2, 1, 3);
}

std::vector<float> band_mask(int64_t queries, int64_t keys, int64_t window) {
  std::vector<float> mask(static_cast<size_t>(queries * keys), 0.0f);
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j) {
      if (std::abs(i - j) > window) mask[static_cast<size_t>(i * keys + j)] = kMasked;
    }
  }
  return mask;
}

std::vector<float> causal_mask(int64_t length) {
  std::vector<float> mask(static_cast<size_t>(length * length), 0.0f);
  for (int64_t i = 0; i < length; ++i) {
    for (int64_t j = i + 1; j < length; ++j) mask[static_cast<size_t>(i * length + j)] = kMasked;
  }
  return mask;
}

// Block b of queries [b W, b W + W) against keys [b W - W, b W + 2 W): in the band and inside the
// song. The blocks of padding between songs keep their band, so that no row is empty.
std::vector<float> block_masks(int64_t batch, int64_t blocks, int64_t length, int64_t window) {
  const int64_t total = batch * blocks - 2;
  std::vector<float> masks(static_cast<size_t>(total * window * 3 * window), kMasked);
  for (int64_t index = 0; index < total; ++index) {
    const int64_t block = index % blocks;
    const bool padding = block * window >= length;
    for (int64_t i = 0; i < window; ++i) {
      float* row = masks.data() + (index * window + i) * 3 * window;
      for (int64_t key = i; key <= i + 2 * window; ++key) {
        const int64_t position = (block - 1) * window + key;
        if (padding || (position >= 0 && position < length)) row[key] = 0.0f;
      }
    }
  }
  return masks;
}

}  // namespace

bool GraphBuilder::can_flash(int64_t head_dim) const {
  if (device_->is_cpu()) return head_dim % 16 == 0;  // whole vectors of every instruction set
  return head_dim == 64 || head_dim == 128 || head_dim == 256;
}

bool GraphBuilder::has_own_attention(Tensor q) const {
  return device_->has_own_kernels() && q.dim(-1) % 32 == 0;
}

Tensor GraphBuilder::attention(Tensor q, Tensor k, Tensor v, const AttentionOptions& options) {
  if (has_own_attention(q) && !options.mask) {
    return wrap(cpu_nodes().attend(context_, q, k, v, /*mask=*/{}, options), 3);
  }
  const int64_t length = k.dim(1);
  const bool flash = can_flash(q.dim(-1));
  constexpr int64_t kBlockedFrom = 4;  // windows; below, masking the rest costs less than blocks
  if (options.window > 0 && flash && length > kBlockedFrom * options.window) {
    return windowed_attention(q, k, v, options.window);
  }
  // fp16 cannot hold the mask values that make a row without visible keys an average of all.
  if (options.mask) return plain_attention(q, k, v, options.mask);
  Tensor mask;
  if (options.window > 0 && length > options.window + 1) {
    mask = constant_mask(band_mask(q.dim(1), length, options.window), {q.dim(1), length});
  } else if (options.causal && length > 1) {
    mask = constant_mask(causal_mask(length), {length, length});
  }
  return flash ? flash_attention(q, k, v, mask) : plain_attention(q, k, v, mask);
}

Tensor GraphBuilder::plain_attention(Tensor q, Tensor k, Tensor v, Tensor mask) {
  ggml_tensor* scores = ggml_mul_mat(
      context_, ggml_cont(context_, heads_first(context_, k.node)), heads_first(context_, q.node));
  ggml_prec_set_acc(scores, GGML_PREC_F32);
  ggml_tensor* bias = mask.node;
  if (bias && bias->ne[3] == 1 && mask.rank == 3) {  // [B, S, L] -> one head dimension
    bias = ggml_reshape_4d(context_, bias, bias->ne[0], bias->ne[1], 1, bias->ne[2]);
  }
  scores = ggml_soft_max_ext(context_, scores, bias, score_scale(q), /*max_bias=*/0.0f);
  ggml_tensor* values = ggml_cont(context_, ggml_permute(context_, v.node, 1, 2, 0, 3));
  ggml_tensor* mixed = ggml_mul_mat(context_, values, scores);
  ggml_prec_set_acc(mixed, GGML_PREC_F32);
  mixed = ggml_cont(context_, heads_first(context_, mixed));
  return reshape(wrap(mixed, 4), {q.dim(0), q.dim(1), q.dim(2) * v.dim(-1)});
}

Tensor GraphBuilder::flash_attention(Tensor q, Tensor k, Tensor v, Tensor mask) {
  ggml_tensor* keys = heads_first(context_, k.node);
  ggml_tensor* values = heads_first(context_, v.node);
  float value_scale = 1.0f;
  if (!device_->is_cpu()) {
    keys = ggml_cast(context_, keys, GGML_TYPE_F16);
    values =
        ggml_cast(context_, ggml_scale(context_, contiguous(v).node, kHalfRange), GGML_TYPE_F16);
    values = heads_first(context_, values);
    value_scale = 1.0f / kHalfRange;
  }
  ggml_tensor* mixed = ggml_flash_attn_ext(context_,
                                           heads_first(context_, q.node),
                                           keys,
                                           values,
                                           mask.node,
                                           score_scale(q),
                                           /*max_bias=*/0.0f,
                                           /*logit_softcap=*/0.0f);
  ggml_prec_set_acc(mixed, GGML_PREC_F32);
  if (value_scale != 1.0f) mixed = ggml_scale(context_, mixed, value_scale);
  return reshape(wrap(mixed, 4), {q.dim(0), q.dim(1), q.dim(2) * v.dim(-1)});
}

Tensor GraphBuilder::windowed_attention(Tensor q, Tensor k, Tensor v, int64_t window) {
  const int64_t batch = q.dim(0);
  const int64_t length = q.dim(1);
  const int64_t heads = q.dim(2);
  const int64_t head_dim = q.dim(3);
  // Every song is followed by two blocks of padding: then blocks of all songs lie at one stride.
  const int64_t blocks = (length + window - 1) / window + 2;
  const int64_t padded = blocks * window;
  const int64_t total = batch * blocks - 2;  // the last song's padding is never read
  Tensor queries = pad(contiguous(q), 1, 0, padded - length);
  Tensor keys = pad(contiguous(k), 1, window, padded - window - length);
  Tensor values = pad(contiguous(v), 1, window, padded - window - length);
  float value_scale = 1.0f;
  if (!device_->is_cpu()) {
    keys = wrap(ggml_cast(context_, keys.node, GGML_TYPE_F16), 4);
    values =
        wrap(ggml_cast(context_, ggml_scale(context_, values.node, kHalfRange), GGML_TYPE_F16), 4);
    value_scale = 1.0f / kHalfRange;
  }
  // [total, rows, heads, D]: overlapping views whose blocks start `window` rows apart. ggml checks
  // the size of a new view as if it had no overlap, so the rows beyond the first are added
  // afterwards.
  const auto blocked = [&](Tensor x, int64_t rows) {
    const size_t row = x.node->nb[2];
    ggml_tensor* view = ggml_view_4d(context_,
                                     x.node,
                                     head_dim,
                                     x.dim(2),
                                     window,
                                     total,
                                     x.node->nb[1],
                                     row,
                                     row * static_cast<size_t>(window),
                                     0);
    view = heads_first(context_, view);
    view->ne[1] = rows;
    return view;
  };
  const Tensor mask =
      constant_mask(block_masks(batch, blocks, length, window), {total, 1, window, 3 * window});
  ggml_tensor* mixed = ggml_flash_attn_ext(context_,
                                           blocked(queries, window),
                                           blocked(keys, 3 * window),
                                           blocked(values, 3 * window),
                                           mask.node,
                                           score_scale(q),
                                           /*max_bias=*/0.0f,
                                           /*logit_softcap=*/0.0f);
  ggml_prec_set_acc(mixed, GGML_PREC_F32);
  if (value_scale != 1.0f) mixed = ggml_scale(context_, mixed, value_scale);
  // [total * window, heads * D] -> the songs without their padding.
  const int64_t width = heads * head_dim;
  const size_t row = static_cast<size_t>(width) * sizeof(float);
  ggml_tensor* songs = ggml_view_3d(
      context_, mixed, width, length, batch, row, row * static_cast<size_t>(padded), 0);
  return wrap(ggml_cont(context_, songs), 3);
}

Tensor GraphBuilder::cached_attention(Tensor q, Tensor k, Tensor v, Tensor mask) {
  if (has_own_attention(q)) {
    return wrap(cpu_nodes().attend(context_, q, k, v, mask, /*options=*/{}), 3);
  }
  if (!can_flash(q.dim(-1))) return plain_attention(q, k, v, mask);
  ggml_tensor* mixed = ggml_flash_attn_ext(context_,
                                           heads_first(context_, q.node),
                                           heads_first(context_, k.node),
                                           heads_first(context_, v.node),
                                           mask.node,
                                           score_scale(q),
                                           /*max_bias=*/0.0f,
                                           /*logit_softcap=*/0.0f);
  ggml_prec_set_acc(mixed, GGML_PREC_F32);
  return reshape(wrap(mixed, 4), {q.dim(0), q.dim(1), q.dim(2) * v.dim(-1)});
}

}  // namespace ams
