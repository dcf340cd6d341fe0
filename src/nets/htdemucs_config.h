// The shape of an HTDemucs checkpoint: the keyword arguments that its class was made with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace ams {

// Field names are those of the checkpoint's `kwargs`.
struct HtdemucsConfig {
  std::vector<std::string> sources;
  int64_t audio_channels = 2;
  int64_t samplerate = 44100;   // Hz
  int64_t segment_samples = 0;  // `segment` seconds at `samplerate`
  int64_t channels = 48;        // of the outermost layer
  int64_t growth = 2;           // channels of a layer over those of the one outside it
  int64_t nfft = 4096;
  int64_t depth = 4;  // encoder layers of a branch
  float freq_emb = 0.2f;
  float emb_scale = 10.0f;
  int64_t kernel_size = 8;
  int64_t stride = 4;
  int64_t context = 1;      // neighbours on each side in a decoder's rewrite
  int64_t context_enc = 0;  // the same in an encoder
  int64_t dconv_mode = 3;   // bit 0: encoders have a DConv, bit 1: decoders
  int64_t dconv_depth = 2;
  int64_t dconv_comp = 8;         // channels over those inside a DConv
  int64_t bottom_channels = 512;  // of the transformer; 0: those of the innermost layer
  int64_t t_layers = 5;
  int64_t t_heads = 8;
  float t_hidden_scale = 4.0f;
  float t_max_period = 10000.0f;
  float t_weight_pos_embed = 1.0f;
  bool t_cross_first = false;

  int64_t stems() const { return static_cast<int64_t>(sources.size()); }
  int64_t hop() const { return nfft / 4; }
  int64_t bins() const { return nfft / 2; }  // without the Nyquist bin
  int64_t frames() const { return (segment_samples + hop() - 1) / hop(); }
  int64_t layer_channels(int64_t layer) const;
  // Rows of the spectrogram and samples of the waveform that enter `layer`; depth = the innermost
  // output.
  int64_t layer_bins(int64_t layer) const;
  int64_t layer_samples(int64_t layer) const;
  int64_t transformer_channels() const {
    return bottom_channels > 0 ? bottom_channels : layer_channels(depth - 1);
  }
  bool encoder_dconv() const { return (dconv_mode & 1) != 0; }
  bool decoder_dconv() const { return (dconv_mode & 2) != 0; }

  // From the `kwargs` of a package. Throws CorruptFile for values out of range, Unsupported for
  // variants of the class that no published checkpoint uses.
  static HtdemucsConfig parse(const Json& kwargs);
};

}  // namespace ams
