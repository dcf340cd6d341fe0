#include "nets/oobleck_official.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int64_t kSmallestOverlap = 4;

// Positions [begin, end) along the last axis of [B, C, length].
FloatArray positions(const FloatArray& x, int64_t begin, int64_t end) {
  FloatArray result({x.dim(0), x.dim(1), end - begin});
  for (int64_t row = 0; row < x.dim(0) * x.dim(1); ++row) {
    std::copy_n(x.data.begin() + row * x.dim(2) + begin,
                end - begin,
                result.data.begin() + row * (end - begin));
  }
  return result;
}

FloatArray concat(const std::vector<FloatArray>& parts) {
  int64_t length = 0;
  for (const FloatArray& part : parts) length += part.dim(2);
  FloatArray result({parts[0].dim(0), parts[0].dim(1), length});
  for (int64_t row = 0; row < result.dim(0) * result.dim(1); ++row) {
    auto to = result.data.begin() + row * length;
    for (const FloatArray& part : parts) {
      to = std::copy_n(part.data.begin() + row * part.dim(2), part.dim(2), to);
    }
  }
  return result;
}

void check(const FloatArray& x, const OfficialTiles& tiles, int64_t overlap) {
  if (x.shape.size() != 3) {
    throw Error(ErrorCode::InvalidRequest,
                str("vae: input ", shape_str(x.shape), ", expected [B, C, length]"));
  }
  if (overlap >= 0 && tiles.chunk - 2 * overlap > 0) return;
  throw Error(ErrorCode::InvalidRequest,
              str("vae: chunk ", tiles.chunk, " and overlap ", tiles.overlap, " leave no core"));
}

void check_stop(const OfficialTiles& tiles) {
  if (tiles.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "vae: cancelled");
}

// A core and the window around it.
struct Window {
  int64_t core_begin, core_end;
  int64_t begin, end;
};

std::vector<Window> windows(int64_t length, int64_t chunk, int64_t overlap) {
  const int64_t stride = chunk - 2 * overlap;
  std::vector<Window> result;
  for (int64_t begin = 0; begin < length; begin += stride) {
    const int64_t end = std::min(begin + stride, length);
    result.push_back(
        {begin, end, std::max<int64_t>(0, begin - overlap), std::min(length, end + overlap)});
  }
  return result;
}

FloatArray sample(const LatentPosterior& posterior, const WindowNoise& noise, int64_t index) {
  FloatArray latents = posterior.mean;
  if (!noise) return latents;
  const FloatArray draw = noise(index, latents.dim(2));
  if (draw.shape != latents.shape) {
    throw Error(ErrorCode::Internal,
                str("vae: noise ", shape_str(draw.shape), ", expected ", shape_str(latents.shape)));
  }
  for (size_t i = 0; i < latents.data.size(); ++i) {
    latents.data[i] += posterior.std.data[i] * draw.data[i];
  }
  return latents;
}

}  // namespace

FloatArray decode_official(LatentCodec& codec,
                           const FloatArray& latents,
                           const OfficialTiles& tiles) {
  int64_t overlap = tiles.overlap;
  while (tiles.chunk - 2 * overlap <= 0 && overlap > kSmallestOverlap) {
    overlap = std::max(kSmallestOverlap, overlap / 2);
  }
  check(latents, tiles, overlap);
  TileOptions whole;
  whole.stop = tiles.stop;
  if (latents.dim(2) <= tiles.chunk) return codec.decode(latents, whole);
  std::vector<FloatArray> parts;
  for (const Window& window : windows(latents.dim(2), tiles.chunk, overlap)) {
    check_stop(tiles);
    const FloatArray audio = codec.decode(positions(latents, window.begin, window.end), whole);
    const double factor =
        static_cast<double>(audio.dim(2)) / static_cast<double>(window.end - window.begin);
    const auto samples = [&](int64_t frames) {
      return static_cast<int64_t>(std::nearbyint(static_cast<double>(frames) * factor));
    };
    parts.push_back(positions(audio,
                              samples(window.core_begin - window.begin),
                              audio.dim(2) - samples(window.end - window.core_end)));
  }
  return concat(parts);
}

FloatArray encode_official(LatentCodec& codec,
                           const FloatArray& audio,
                           const OfficialTiles& tiles,
                           const WindowNoise& noise) {
  check(audio, tiles, tiles.overlap);
  TileOptions whole;
  whole.stop = tiles.stop;
  if (audio.dim(2) <= tiles.chunk) return sample(codec.encode(audio, whole), noise, 0);
  std::vector<FloatArray> parts;
  double ratio = 0.0;  // samples per latent frame, measured once on the first window
  int64_t index = 0;
  for (const Window& window : windows(audio.dim(2), tiles.chunk, tiles.overlap)) {
    check_stop(tiles);
    const FloatArray latents =
        sample(codec.encode(positions(audio, window.begin, window.end), whole), noise, index++);
    const int64_t frames = latents.dim(2);
    if (ratio == 0.0) {
      ratio = static_cast<double>(window.end - window.begin) / static_cast<double>(frames);
    }
    const auto in_frames = [&](int64_t samples) {
      return static_cast<int64_t>(std::nearbyint(static_cast<double>(samples) / ratio));
    };
    const int64_t begin = in_frames(window.core_begin - window.begin);
    const int64_t end = frames - in_frames(window.end - window.core_end);
    if (begin < end) parts.push_back(positions(latents, begin, end));
  }
  return concat(parts);
}

}  // namespace ams
