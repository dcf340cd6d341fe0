// vae/: the Oobleck codec, whole and in the official program's tiles.
#include "base/str.h"
#include "golden/runner.h"
#include "nets/oobleck.h"
#include "nets/oobleck_official.h"

namespace ams::golden {
namespace {

// Only the beginning of a block's output was recorded.
FloatArray recorded_part(const GoldenCase& golden,
                         const std::string& name,
                         const FloatArray& value) {
  if (!golden.has(name)) return value;
  const std::vector<int64_t> shape = golden.shape(name);
  const int64_t kept = shape.back();
  const int64_t length = value.shape.back();
  if (kept >= length) return value;
  FloatArray part(shape);
  part.data.clear();
  for (int64_t row = 0; row < value.size() / length; ++row) {
    const auto first = value.data.begin() + row * length;
    part.data.insert(part.data.end(), first, first + kept);
  }
  return part;
}

void run_encode(Oobleck& codec, const GoldenCase& golden, Comparison& comparison) {
  const LatentPosterior posterior = codec.encode(golden.floats("in.audio"), {});
  comparison.check("out.mean", posterior.mean);
  comparison.check("out.std", posterior.std);
  FloatArray sample = posterior.mean;
  const FloatArray noise = golden.floats("in.noise");
  for (size_t i = 0; i < sample.data.size() && i < noise.data.size(); ++i) {
    sample.data[i] += posterior.std.data[i] * noise.data[i];
  }
  comparison.check("out.sample", sample);
}

void run_tiled_encode(Oobleck& codec, const GoldenCase& golden, Comparison& comparison) {
  OfficialTiles tiles;
  tiles.chunk = golden.params().at("chunk_size").as_int();
  tiles.overlap = golden.params().at("overlap").as_int();
  const FloatArray noise = golden.floats("in.noise");  // [windows, B, C, frames]
  const auto draw = [&](int64_t window, int64_t frames) {
    const int64_t rows = noise.dim(1) * noise.dim(2);
    FloatArray cropped({noise.dim(1), noise.dim(2), frames});
    for (int64_t row = 0; row < rows; ++row) {
      const auto from = noise.row(window).begin() + row * noise.dim(3);
      std::copy_n(from, frames, cropped.data.begin() + row * frames);
    }
    return cropped;
  };
  comparison.check("out.latents", encode_official(codec, golden.floats("in.audio"), tiles, draw));
}

}  // namespace

void run_vae(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const std::filesystem::path folder = context.checkpoint("vae");
  WeightStore store;
  Oobleck codec(store.root(), OobleckConfig::load(folder), *context.device, context.precision);
  store.load(*open_weights(folder), *context.device, context.precision);
  // Batch items are run one by one, so their taps do not have the recorded shape.
  const bool single = !golden.has("in.latents") || golden.shape("in.latents")[0] == 1;
  if (single && !golden.params().contains("chunk_size")) {
    codec.observe([&](std::string_view name, const FloatArray& value) {
      const std::string recorded = str("mid.", name);
      comparison.check(recorded, recorded_part(golden, recorded, value));
    });
  }
  const bool is_tiled = golden.params().contains("chunk_size");
  if (golden.has("in.audio")) {
    return is_tiled ? run_tiled_encode(codec, golden, comparison)
                    : run_encode(codec, golden, comparison);
  }
  const FloatArray latents = golden.floats("in.latents");
  if (!is_tiled) return comparison.check("out.audio", codec.decode(latents, {}));
  OfficialTiles tiles;
  tiles.chunk = golden.params().at("chunk_size").as_int();
  tiles.overlap = golden.params().at("overlap").as_int();
  comparison.check("out.audio", decode_official(codec, latents, tiles));
}

}  // namespace ams::golden
