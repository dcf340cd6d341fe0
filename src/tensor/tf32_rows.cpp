#include "tensor/tf32_rows.h"

#include <ggml.h>

#include "tensor/device.h"

namespace ams {
namespace {

constexpr int64_t kMostTf32Rows = 16;

}  // namespace

ggml_tensor* padded_against_tf32(ggml_context* context,
                                 const Device& device,
                                 const ggml_tensor* a,
                                 ggml_tensor* b) {
  const int64_t rows = b->ne[1];
  const bool rounded = device.kind() == DeviceKind::Cuda && a->type == GGML_TYPE_F32 &&
                       b->type == GGML_TYPE_F32 && rows > 1 && rows <= kMostTf32Rows;
  if (!rounded) return b;
  return ggml_pad(context, b, 0, static_cast<int>(kMostTf32Rows + 1 - rows), 0, 0);
}

ggml_tensor* first_rows(ggml_context* context, ggml_tensor* product, int64_t rows) {
  if (product->ne[1] == rows) return product;
  return ggml_view_2d(context, product, product->ne[0], rows, product->nb[1], 0);
}

}  // namespace ams
