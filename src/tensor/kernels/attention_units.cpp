#include "tensor/kernels/attention.h"

namespace ams {

int64_t attention_tile(const AttentionArgs& args) {
  constexpr int64_t kRows = 56;  // query rows that share the transposed keys
  const int64_t group = args.heads / args.kv_heads;
  const int64_t most = kRows / group > 1 ? kRows / group : 1;
  const int64_t tiles = (args.queries + most - 1) / most;
  return (args.queries + tiles - 1) / tiles;
}

int64_t attention_units(const AttentionArgs& args) {
  const int64_t tile = attention_tile(args);
  return args.batch * args.kv_heads * ((args.queries + tile - 1) / tile);
}

}  // namespace ams
