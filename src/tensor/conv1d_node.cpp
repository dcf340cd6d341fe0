#include "tensor/conv1d_node.h"

#include <algorithm>
#include <array>

#include <ggml.h>

namespace ams {
namespace {

constexpr int64_t kMostRows = 448;                 // of a tile; a multiple of 14
constexpr int64_t kFewestRows = 56;                // below, the rows around a tile cost too much
constexpr int64_t kPanelBytes = int64_t{2} << 20;  // activated input of a tile
constexpr int64_t kTicketsPerThread = 4;           // so that threads finish together
constexpr int64_t kFewestBlocks = 8;               // of a tile: it activates its rows once

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

const float* floats(const ggml_tensor* tensor) {
  return tensor ? static_cast<const float*>(tensor->data) : nullptr;
}

}  // namespace

// A convolution cut into tiles, one ticket each.
struct ConvNodePool::Node {
  ConvNodePool* pool = nullptr;
  Conv1dArgs args;  // without pointers
  const ggml_tensor *in = nullptr, *weights = nullptr, *bias = nullptr;
  const ggml_tensor *frequency = nullptr, *gain = nullptr, *residual = nullptr;
  int64_t tile_rows = 0, tile_blocks = 0;
  int64_t row_tiles = 0, block_tiles = 0;
  Tickets tickets;

  void plan(int64_t threads);
  Conv1dTile tile(int64_t ticket) const;
};

ConvNodePool::ConvNodePool(int threads) : scratch_(threads) {}

ConvNodePool::~ConvNodePool() = default;

void ConvNodePool::Node::plan(int64_t threads) {
  const Conv1dKernel& kernel = conv1d_kernel();
  const int64_t wanted = kTicketsPerThread * threads;
  const int64_t row_bytes = args.in_channels * args.stride * static_cast<int64_t>(sizeof(float));
  const int64_t fitting = std::clamp(kPanelBytes / row_bytes, kFewestRows, kMostRows);
  const int64_t even = std::max(kFewestRows, args.out_rows / wanted);
  tile_rows = round_up(std::min(fitting, even), kernel.row_step);
  row_tiles = (args.out_rows + tile_rows - 1) / tile_rows;
  const int64_t blocks = (args.out_channels + kConvBlock - 1) / kConvBlock;
  const int64_t groups = std::max<int64_t>(1, wanted / row_tiles);
  tile_blocks = std::min(blocks, std::max(kFewestBlocks, (blocks + groups - 1) / groups));
  block_tiles = (blocks + tile_blocks - 1) / tile_blocks;
}

Conv1dTile ConvNodePool::Node::tile(int64_t ticket) const {
  const int64_t blocks = (args.out_channels + kConvBlock - 1) / kConvBlock;
  Conv1dTile tile;
  tile.row = ticket % row_tiles * tile_rows;
  tile.rows = std::min(tile_rows, args.out_rows - tile.row);
  tile.block = ticket / row_tiles * tile_blocks;
  tile.blocks = std::min(tile_blocks, blocks - tile.block);
  return tile;
}

ggml_tensor* ConvNodePool::add(ggml_context* context,
                               Tensor x,
                               const Conv1dWeights& weights,
                               const ConvFusion& fusion,
                               bool transposed) {
  const Conv1dSizes& sizes = weights.sizes;
  nodes_.push_back(std::make_unique<Node>());
  Node& node = *nodes_.back();
  node.pool = this;
  node.in = x.node;
  node.weights = weights.kernel->tensor.node;
  node.bias = weights.bias ? weights.bias->tensor.node : nullptr;
  node.frequency = fusion.snake ? fusion.snake->frequency->tensor.node : nullptr;
  node.gain = fusion.snake ? fusion.snake->gain->tensor.node : nullptr;
  node.residual = fusion.residual.node;

  Conv1dArgs& args = node.args;
  args.in_rows = x.dim(0);
  args.in_channels = sizes.in_channels;
  int64_t rows = 0;
  if (transposed) {
    rows = conv_transpose1d_length(sizes, args.in_rows);
    args.taps = (sizes.kernel + sizes.stride - 1) / sizes.stride;
    args.padding = args.taps - 1;
    args.out_rows = args.in_rows + args.taps - 1;
    args.out_channels = sizes.stride * sizes.out_channels;
    args.crop = sizes.padding * sizes.out_channels;
  } else {
    rows = conv1d_length(sizes, args.in_rows);
    args.taps = sizes.kernel;
    args.stride = sizes.stride;
    args.dilation = sizes.dilation;
    args.padding = sizes.padding;
    args.out_rows = rows;
    args.out_channels = sizes.out_channels;
  }
  args.out_size = rows * sizes.out_channels;
  node.plan(scratch_.threads());
  scratch_.reserve(conv1d_kernel().scratch_size(args, node.tile_rows));

  // ggml orders the nodes by these operands.
  std::array<ggml_tensor*, 2> operands{x.node, fusion.residual.node};
  return ggml_custom_4d(context,
                        GGML_TYPE_F32,
                        sizes.out_channels,
                        rows,
                        1,
                        1,
                        operands.data(),
                        fusion.residual ? 2 : 1,
                        &ConvNodePool::run,
                        GGML_N_TASKS_MAX,
                        &node);
}

void ConvNodePool::run(ggml_tensor* result, int thread, int threads, void* userdata) {
  Node& node = *static_cast<Node*>(userdata);
  Conv1dArgs args = node.args;
  args.in = floats(node.in);
  args.weights = floats(node.weights);
  args.bias = floats(node.bias);
  args.frequency = floats(node.frequency);
  args.gain = floats(node.gain);
  args.residual = floats(node.residual);
  args.out = static_cast<float*>(result->data);

  const Conv1dKernel& kernel = conv1d_kernel();
  float* memory = node.pool->scratch_.of(thread);
  node.tickets.draw(threads, node.row_tiles * node.block_tiles, [&](int64_t ticket) {
    kernel.run(args, node.tile(ticket), memory);
  });
}

}  // namespace ams
