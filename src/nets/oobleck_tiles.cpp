#include "nets/oobleck_tiles.h"

#include <algorithm>

namespace ams {
namespace {

constexpr int64_t kProbeFrames = 64;  // length at which memory per frame is estimated
constexpr int64_t kFewestFrames = 32;
constexpr int64_t kLiveValues = 3;  // of one size at the same time: input, hidden, residual
constexpr int64_t kFloatBytes = 4;

// Bytes of the largest value in the stack, and of the largest columns, per latent frame.
struct Footprint {
  int64_t values = 0;
  int64_t columns = 0;
};

Footprint footprint(const std::vector<ConvStep>& chain, int64_t length, int64_t column_bytes) {
  Footprint result;
  for (const ConvStep& step : chain) {
    const int64_t in_length = length;
    length = chain_length(std::span(&step, 1), length);
    const Conv1dSizes& s = step.sizes;
    result.values = std::max({result.values, in_length * s.in_channels, length * s.out_channels});
    int64_t columns = length * s.in_channels * s.kernel * column_bytes;
    if (step.transposed) {
      columns = in_length * s.out_channels * s.kernel * kFloatBytes;
    } else if (sums_taps(s, column_bytes < kFloatBytes)) {
      columns =
          (length + 2 * s.padding) * (s.in_channels + s.out_channels * s.kernel) * kFloatBytes;
    }
    result.columns = std::max(result.columns, columns);
  }
  result.values = result.values * kLiveValues * kFloatBytes / kProbeFrames + 1;
  result.columns = result.columns / kProbeFrames + 1;
  return result;
}

std::vector<ConvStep> joined(std::vector<ConvStep> front, const std::vector<ConvStep>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

std::vector<ConvStep> decoder_chain(const Oobleck& net) {
  return joined(net.decoder().front_chain(0), net.decoder().back_chain(0));
}

std::vector<ConvStep> encoder_chain(const Oobleck& net) {
  return joined(net.encoder().front_chain(0), net.encoder().back_chain(0));
}

int64_t column_bytes(const Oobleck& net) { return net.half_columns() ? 2 : kFloatBytes; }

// One segment per window, limited by the largest column buffer and a quarter of the free memory.
OobleckTilePlan plan_with_columns(const Oobleck& net, const Footprint& whole) {
  const auto available = static_cast<int64_t>(net.device().info().memory_free / 4);
  const int64_t by_columns = net.memory().column_bytes / whole.columns;
  const int64_t by_memory = available / (whole.columns + whole.values);
  OobleckTilePlan plan;
  plan.window_frames = std::max(kFewestFrames, std::min(by_columns, by_memory));
  return plan;
}

void finish_plan(const Oobleck& net, const TileOptions& options, OobleckTilePlan& plan) {
  if (options.tile_frames > 0) plan.window_frames = options.tile_frames;
  // Taps show whole values, so nothing is cut while somebody observes.
  if (net.observer()) plan.split = net.config().num_blocks();
  if (net.observer() || plan.segment_frames == 0) plan.segment_frames = INT64_MAX;
}

}  // namespace

OobleckTilePlan plan_decoding(const Oobleck& net, const TileOptions& options) {
  const int64_t blocks = net.config().num_blocks();
  const Footprint whole = footprint(decoder_chain(net), kProbeFrames, column_bytes(net));
  OobleckTilePlan plan;
  if (net.device().has_own_kernels()) {
    const auto front = [&](int64_t split) {
      return footprint(net.decoder().front_chain(split), kProbeFrames, kFloatBytes).values;
    };
    plan.split = blocks;
    while (plan.split > 0 && front(plan.split) > whole.values / 4) --plan.split;
    plan.window_frames = std::max(kFewestFrames, net.memory().window_bytes / front(plan.split));
    plan.segment_frames = std::max<int64_t>(1, net.memory().segment_bytes / whole.values);
  } else {
    plan = plan_with_columns(net, whole);
    plan.split = blocks;
  }
  finish_plan(net, options, plan);
  return plan;
}

OobleckTilePlan plan_encoding(const Oobleck& net, const TileOptions& options) {
  const int64_t blocks = net.config().num_blocks();
  const int64_t samples = kProbeFrames * net.hop_samples();
  const Footprint whole = footprint(encoder_chain(net), samples, column_bytes(net));
  OobleckTilePlan plan;
  if (net.device().has_own_kernels()) {
    const auto back = [&](int64_t split) {
      const int64_t rows = chain_length(net.encoder().front_chain(split), samples);
      return footprint(net.encoder().back_chain(split), rows, kFloatBytes).values;
    };
    while (plan.split < blocks && back(plan.split) > whole.values / 4) ++plan.split;
    plan.window_frames = std::max(kFewestFrames, net.memory().window_bytes / back(plan.split));
    plan.segment_frames = std::max<int64_t>(1, net.memory().segment_bytes / whole.values);
  } else {
    plan = plan_with_columns(net, whole);
    plan.split = blocks;
  }
  finish_plan(net, options, plan);
  return plan;
}

std::vector<OobleckTile> decoding_tiles(const Oobleck& net,
                                        const TileOptions& options,
                                        int64_t window_frames,
                                        int64_t length) {
  const std::vector<ConvStep> chain = decoder_chain(net);
  const int64_t hop = net.hop_samples();
  const int64_t samples = chain_length(chain, length);
  const Range reach = chain_input(chain, {0, hop});  // of one frame
  const bool chosen = options.overlap_frames > 0;
  const int64_t before = chosen ? options.overlap_frames : -reach.begin;
  const int64_t after = chosen ? options.overlap_frames : reach.end - 1;
  if (length <= window_frames) return {{{0, length}, {0, samples}}};
  const int64_t core = std::max<int64_t>(1, window_frames - before - after);
  const int64_t count = (length + core - 1) / core;
  std::vector<OobleckTile> tiles;
  for (const Range& frames : cut({0, length}, (length + count - 1) / count)) {
    OobleckTile tile;
    tile.input = clip({frames.begin - before, frames.end + after}, length);
    tile.output = {frames.begin * hop, frames.end == length ? samples : frames.end * hop};
    tiles.push_back(tile);
  }
  return tiles;
}

std::vector<OobleckTile> encoding_tiles(const Oobleck& net,
                                        const TileOptions& options,
                                        int64_t window_frames,
                                        int64_t length) {
  const std::vector<ConvStep> chain = encoder_chain(net);
  const int64_t hop = net.hop_samples();
  const int64_t frames = chain_length(chain, length);
  if (frames <= window_frames) return {{{0, length}, {0, frames}}};
  const Range reach = chain_input(chain, {0, 1});
  const bool chosen = options.overlap_frames > 0;
  // In whole frames, so that windows begin where every strided convolution begins a step.
  const int64_t before = chosen ? options.overlap_frames : (-reach.begin + hop - 1) / hop;
  const int64_t after = chosen ? options.overlap_frames : (reach.end - 1) / hop;
  const int64_t core = std::max<int64_t>(1, window_frames - before - after);
  const int64_t count = (frames + core - 1) / core;
  std::vector<OobleckTile> tiles;
  for (const Range& output : cut({0, frames}, (frames + count - 1) / count)) {
    const Range window{(output.begin - before) * hop, (output.end + after) * hop};
    tiles.push_back({clip(window, length), output});
    if (output.end == frames) tiles.back().input.end = length;
  }
  return tiles;
}

std::vector<Range> cut(Range whole, int64_t size) {
  std::vector<Range> pieces;
  for (int64_t begin = whole.begin; begin < whole.end;) {
    const int64_t end = size < whole.end - begin ? begin + size : whole.end;
    pieces.push_back({begin, end});
    begin = end;
  }
  return pieces;
}

Range clip(Range range, int64_t length) {
  return {std::clamp<int64_t>(range.begin, 0, length), std::clamp<int64_t>(range.end, 0, length)};
}

}  // namespace ams
