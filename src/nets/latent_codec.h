// Waveform <-> latents, as the pipeline sees it.
#pragma once

#include <functional>
#include <stop_token>

#include "base/array.h"

namespace ams {

// Mean and standard deviation of the encoder's posterior, each [B, latent_channels, T].
struct LatentPosterior {
  FloatArray mean;
  FloatArray std;
};

// How a long input is cut into windows; each keeps its core and throws the overlap away.
// The overlap covers the network's receptive field, so the result equals the whole.
struct TileOptions {
  int64_t tile_frames = 0;     // latent frames of a window with its overlap; 0 = chosen from memory
  int64_t overlap_frames = 0;  // on each side; 0 = the receptive field
  std::stop_token stop;        // checked before each tile
  std::function<void(int64_t done, int64_t total)> progress;  // may be empty
};

// Oobleck autoencoder. Immutable weights; confined to the worker thread.
class LatentCodec {
 public:
  virtual ~LatentCodec() = default;

  virtual int64_t latent_channels() const = 0;
  virtual int64_t hop_samples() const = 0;  // samples of one latent frame
  virtual int64_t sample_rate() const = 0;  // Hz
  virtual int64_t audio_channels() const = 0;

  // latents [B, latent_channels, T] -> audio [B, audio_channels, T * hop_samples()].
  // Throws InvalidRequest on another shape, OutOfMemory, Cancelled.
  virtual FloatArray decode(const FloatArray& latents, const TileOptions& options) = 0;

  // audio [B, audio_channels, N] -> posterior of T = floor(N / hop_samples()) frames (as the
  // strides give it for a length that is not a multiple). Throws InvalidRequest, OutOfMemory,
  // Cancelled.
  virtual LatentPosterior encode(const FloatArray& audio, const TileOptions& options) = 0;
};

}  // namespace ams
