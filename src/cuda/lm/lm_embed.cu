// Looks up embeddings.
//
// Computes  lm_embed() of lm_embed.h: tables in any format of weight_pieces.h, fp32 out.
// Layout    one thread a piece of 8 or 16 values.
// Limit     latency: a few kilobytes.
// Share     of the memory ceiling: not yet measured.
#include "base/error.h"
#include "base/str.h"
#include "cuda/launch.h"
#include "cuda/lm/lm_embed.h"
#include "cuda/lm/weight_pieces.h"

namespace ams::cuda {
namespace {

constexpr int kThreads = 128;

template <class Pieces>
__global__ void __launch_bounds__(kThreads)
    lm_embed_kernel(WeightMatrix table, int64_t bytes, const int32_t* tokens, float* out) {
  const int piece = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  const int row = static_cast<int>(blockIdx.y);
  if (piece >= table.inputs / (kGroup * Pieces::kGroups)) return;
  const auto* const from = static_cast<const unsigned char*>(table.data) + tokens[row] * bytes;
  const typename Pieces::Piece values = Pieces::load(from, piece);
#pragma unroll
  for (int group = 0; group < Pieces::kGroups; ++group) {
    float v[kGroup];
    Pieces::decode(values, group, v);
    float* const to = out + row * table.inputs + Pieces::first(piece, group);
    reinterpret_cast<float4*>(to)[0] = make_float4(v[0], v[1], v[2], v[3]);
    reinterpret_cast<float4*>(to)[1] = make_float4(v[4], v[5], v[6], v[7]);
  }
}

template <class Pieces>
void start(Queue& queue, const WeightMatrix& table, const int32_t* tokens, int rows, float* out) {
  const int64_t pieces = table.inputs / (kGroup * Pieces::kGroups);
  const LaunchShape shape{
      dim3(static_cast<uint32_t>(blocks_of(pieces, kThreads)), static_cast<uint32_t>(rows)),
      kThreads};
  launch(queue,
         "lm_embed",
         lm_embed_kernel<Pieces>,
         shape,
         table,
         row_bytes(table.format, table.inputs),
         tokens,
         out);
}

}  // namespace

void lm_embed(
    Queue& queue, const WeightMatrix& table, const int32_t* tokens, int rows, float* out) {
  if (table.inputs % block_values(table.format) != 0) {
    throw Error(ErrorCode::Internal, str("cuda: embeddings of ", table.inputs, " values"));
  }
  switch (table.format) {
    case WeightFormat::F32:
      return start<F32Pieces>(queue, table, tokens, rows, out);
    case WeightFormat::Bf16:
      return start<Bf16Pieces>(queue, table, tokens, rows, out);
    case WeightFormat::Q8_0:
      return start<Q8Pieces>(queue, table, tokens, rows, out);
    case WeightFormat::Q4_K:
      return start<Q4Pieces>(queue, table, tokens, rows, out);
    case WeightFormat::Q5_K:
      return start<Q5Pieces>(queue, table, tokens, rows, out);
    case WeightFormat::Q6_K:
      return start<Q6Pieces>(queue, table, tokens, rows, out);
  }
}

}  // namespace ams::cuda
