// Oobleck::decode and encode: windows, segments and their graphs.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/str.h"
#include "nets/oobleck_tiles.h"

namespace ams {
namespace {

constexpr int64_t kMostPositions = int64_t{1} << 31;  // ggml counts rows in 32 bits in places

void check_input(const FloatArray& x, int64_t channels, std::string_view what) {
  const std::vector<int64_t>& shape = x.shape;
  const bool fits = shape.size() == 3 && shape[0] > 0 && shape[1] == channels && shape[2] > 0 &&
                    shape[2] < kMostPositions;
  if (fits) return;
  throw Error(ErrorCode::InvalidRequest,
              str("vae: ", what, " ", shape_str(shape), ", expected [B, ", channels, ", length]"));
}

// [C, columns] of row-major [C, length].
std::vector<float> columns_of(std::span<const float> from, int64_t length, Range columns) {
  const auto rows = static_cast<int64_t>(from.size()) / length;
  std::vector<float> result;
  result.reserve(static_cast<size_t>(rows * columns.size()));
  for (int64_t row = 0; row < rows; ++row) {
    const auto begin = from.begin() + row * length;
    result.insert(result.end(), begin + columns.begin, begin + columns.end);
  }
  return result;
}

// Writes [C, columns] into row-major [C, length].
void put_columns(std::span<const float> from, Range columns, int64_t length, std::span<float> to) {
  const auto rows = static_cast<int64_t>(to.size()) / length;
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(from.begin() + row * columns.size(),
                columns.size(),
                to.begin() + row * length + columns.begin);
  }
}

// A result of a graph: [C, range], in positions of the window's result.
struct Piece {
  Tensor value;
  Range range;
};

// One graph for all windows of the same size.
struct WindowGraph {
  int64_t input_length = 0;
  Range kept;  // of the window's result
  Tensor input;
  std::vector<Piece> pieces;
  std::unique_ptr<Graph> graph;

  bool fits(const Range& window, const Range& output) const {
    return graph && input_length == window.size() && kept == output;
  }
};

GraphOptions graph_options(const Oobleck& net, size_t segments) {
  constexpr int64_t kNodesOnce = 4096, kNodesPerSegment = 1024;
  GraphOptions options;
  options.max_nodes = kNodesOnce + kNodesPerSegment * static_cast<int64_t>(segments);
  options.keep_taps = static_cast<bool>(net.observer());
  return options;
}

int64_t segment_size(const OobleckTilePlan& plan, int64_t per_frame) {
  return plan.segment_frames > kMostPositions ? kMostPositions : plan.segment_frames * per_frame;
}

WindowGraph decoding_graph(const Oobleck& net,
                           const OobleckTilePlan& plan,
                           int64_t frames,
                           const Range& kept) {
  WindowGraph window;
  window.input_length = frames;
  window.kept = kept;
  const OobleckDecoder& decoder = net.decoder();
  const std::vector<ConvStep> back = decoder.back_chain(plan.split);
  const int64_t back_stride = chain_stride(back);
  const std::vector<Range> segments = cut(kept, segment_size(plan, net.hop_samples()));
  const auto build = [&](GraphBuilder& g) {
    window.input = g.input("latents", {net.latent_channels(), frames});
    const Tensor x = decoder.build_front(g, g.to_convolution(window.input), plan.split);
    for (const Range& segment : segments) {
      const Range rows = clip(chain_input(back, segment), g.frames(x));
      const Tensor y = decoder.build_back(g, g.slice_frames(x, rows.begin, rows.end), plan.split);
      const int64_t first = rows.begin * back_stride;
      const Tensor audio = g.slice_frames(y, segment.begin - first, segment.end - first);
      window.pieces.push_back({g.output("audio", g.from_convolution(audio)), segment});
    }
  };
  window.graph = std::make_unique<Graph>(net.device(), build, graph_options(net, segments.size()));
  return window;
}

// Joins neighbours pair by pair, so that each value is copied a logarithmic number of times.
Tensor concat_all(GraphBuilder& g, std::vector<Tensor> parts) {
  while (parts.size() > 1) {
    std::vector<Tensor> joined;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
      joined.push_back(g.concat_frames(parts[i], parts[i + 1]));
    }
    if (parts.size() % 2 == 1) joined.push_back(parts.back());
    parts = std::move(joined);
  }
  return parts.front();
}

WindowGraph encoding_graph(const Oobleck& net,
                           const OobleckTilePlan& plan,
                           int64_t samples,
                           const Range& kept) {
  WindowGraph window;
  window.input_length = samples;
  window.kept = kept;
  const OobleckEncoder& encoder = net.encoder();
  const std::vector<ConvStep> front = encoder.front_chain(plan.split);
  const int64_t stride = chain_stride(front);
  const Range rows{0, chain_length(front, samples)};
  const std::vector<Range> segments = cut(rows, segment_size(plan, net.hop_samples() / stride));
  const auto build = [&](GraphBuilder& g) {
    window.input = g.input("audio", {net.audio_channels(), samples});
    const Tensor audio = g.to_convolution(window.input);
    std::vector<Tensor> parts;
    for (const Range& segment : segments) {
      Range input = clip(chain_input(front, segment), samples);
      input.begin -= input.begin % stride;  // where every strided convolution begins a step
      const Tensor y =
          encoder.build_front(g, g.slice_frames(audio, input.begin, input.end), plan.split);
      const int64_t first = input.begin / stride;
      parts.push_back(g.slice_frames(y, segment.begin - first, segment.end - first));
    }
    const Tensor y = encoder.build_back(g, concat_all(g, std::move(parts)), plan.split);
    const Tensor posterior = g.slice_frames(y, kept.begin, kept.end);
    window.pieces.push_back({g.output("posterior", g.from_convolution(posterior)), kept});
  };
  window.graph = std::make_unique<Graph>(net.device(), build, graph_options(net, segments.size()));
  return window;
}

void run_window(const Oobleck& net, WindowGraph& window, std::span<const float> input) {
  window.graph->set(window.input, input);
  window.graph->run();
  report_taps(*window.graph, net.observer());
}

// What differs between the directions.
struct Direction {
  // Position in the result that belongs to an input position (of a window's begin).
  std::function<int64_t(int64_t input)> result_position;
  // Builds the graph for windows of `length` that keeps `kept` of a window's result.
  std::function<WindowGraph(int64_t length, const Range& kept)> make_graph;
};

// Runs all tiles of all batch items from `in` [B, C, length] into `out` [B, C', length'].
void run_tiles(const Oobleck& net,
               const TileOptions& options,
               const std::vector<OobleckTile>& tiles,
               const Direction& direction,
               const FloatArray& in,
               FloatArray& out) {
  const auto total = static_cast<int64_t>(tiles.size()) * in.dim(0);
  int64_t done = 0;
  WindowGraph window;
  for (int64_t item = 0; item < in.dim(0); ++item) {
    for (const OobleckTile& tile : tiles) {
      if (options.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "vae: cancelled");
      const int64_t first = direction.result_position(tile.input.begin);
      const Range kept{tile.output.begin - first, tile.output.end - first};
      if (!window.fits(tile.input, kept)) {
        window = {};  // one set of intermediate values at a time
        window = direction.make_graph(tile.input.size(), kept);
      }
      run_window(net, window, columns_of(in.row(item), in.dim(2), tile.input));
      for (const Piece& piece : window.pieces) {
        const Range range{piece.range.begin + first, piece.range.end + first};
        put_columns(window.graph->get(piece.value).data, range, out.dim(2), out.row(item));
      }
      ++done;
      if (options.progress) options.progress(done, total);
    }
  }
}

// As torch.nn.functional.softplus: linear where the logarithm could overflow.
float softplus(float x) {
  constexpr float kLinearFrom = 20.0f;
  return x > kLinearFrom ? x : std::log1p(std::exp(x));
}

// [B, 2 C, T] -> mean and standard deviation, each [B, C, T].
LatentPosterior split_posterior(const FloatArray& raw, int64_t channels) {
  constexpr float kSmallestDeviation = 1e-4f;
  const std::vector<int64_t> shape{raw.dim(0), channels, raw.dim(2)};
  LatentPosterior posterior{FloatArray(shape), FloatArray(shape)};
  const auto half = static_cast<std::ptrdiff_t>(channels * raw.dim(2));
  for (int64_t item = 0; item < raw.dim(0); ++item) {
    const std::span<const float> row = raw.row(item);
    std::copy_n(row.begin(), half, posterior.mean.row(item).begin());
    std::transform(row.begin() + half, row.end(), posterior.std.row(item).begin(), [](float scale) {
      return softplus(scale) + kSmallestDeviation;
    });
  }
  return posterior;
}

}  // namespace

FloatArray Oobleck::decode(const FloatArray& latents, const TileOptions& options) {
  check_input(latents, latent_channels(), "latents");
  const OobleckTilePlan plan = plan_decoding(*this, options);
  const std::vector<OobleckTile> tiles =
      decoding_tiles(*this, options, plan.window_frames, latents.dim(2));
  const int64_t samples = tiles.back().output.end;
  if (samples < 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("vae: latents ", shape_str(latents.shape), " are too short to decode"));
  }
  FloatArray audio({latents.dim(0), audio_channels(), samples});
  const Direction direction{
      [&](int64_t frame) { return frame * hop_samples(); },
      [&](int64_t frames, const Range& kept) { return decoding_graph(*this, plan, frames, kept); }};
  run_tiles(*this, options, tiles, direction, latents, audio);
  return audio;
}

LatentPosterior Oobleck::encode(const FloatArray& audio, const TileOptions& options) {
  check_input(audio, audio_channels(), "audio");
  const OobleckTilePlan plan = plan_encoding(*this, options);
  const std::vector<OobleckTile> tiles =
      encoding_tiles(*this, options, plan.window_frames, audio.dim(2));
  const int64_t frames = tiles.back().output.end;
  if (frames < 1) {
    throw Error(ErrorCode::InvalidRequest,
                str("vae: audio ",
                    shape_str(audio.shape),
                    " is shorter than one latent frame of ",
                    hop_samples(),
                    " samples"));
  }
  FloatArray raw({audio.dim(0), 2 * latent_channels(), frames});
  const Direction direction{
      [&](int64_t sample) { return sample / hop_samples(); },
      [&](int64_t size, const Range& kept) { return encoding_graph(*this, plan, size, kept); }};
  run_tiles(*this, options, tiles, direction, audio, raw);
  return split_posterior(raw, latent_channels());
}

}  // namespace ams
