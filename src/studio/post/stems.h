// A song -> its stems, by HTDemucs (arXiv:2211.08553).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio_buffer.h"
#include "nets/stem_separator.h"
#include "studio/engine.h"
#include "tensor/device.h"

namespace ams {

struct StemOptions {
  std::string model = "htdemucs";                         // published name, file or folder
  std::vector<std::filesystem::path> model_folders = {};  // where names are looked up, best first
  std::string device = "auto";                            // auto, cpu, cuda, metal, vulkan
  std::optional<int64_t> threads = {};  // of the CPU; absent: one per physical core
};

struct Stem {
  std::string name = {};  // "vocals"
  AudioBuffer audio;      // stereo, 44.1 kHz
};

struct StemFileRequest {
  std::filesystem::path source = {};  // an audio file
  std::filesystem::path folder = {};  // must exist; "" is the source's own
  std::string name = {};  // files are NAME.vocals.wav; empty: the source's without its ending
  bool zip = true;        // also NAME.stems.zip, with the stems stored uncompressed
};

struct StemFile {
  std::string stem;
  std::filesystem::path path;       // 16-bit WAV, stereo, 44.1 kHz
  std::optional<double> peak_dbfs;  // before the limit of 16-bit samples; absent for silence
};

struct StemFiles {
  std::vector<StemFile> stems;  // vocals, drums, bass, other; then guitar and piano
  std::optional<std::filesystem::path> zip;
  std::string model;  // "htdemucs"
  double duration_seconds = 0;
  // Level of (sum of the stems - mix) against the mix; absent for a silent mix.
  std::optional<double> residual_db;
  double separate_seconds = 0;  // wall time of the networks
};

// A loaded separator. Confined to the worker thread.
class StemSplitter {
 public:
  // Finds and loads the model; stage "loading". Throws NotFound, CorruptFile, Unsupported,
  // InvalidRequest, OutOfMemory.
  static std::unique_ptr<StemSplitter> open(const StemOptions& options, const JobContext& job);
  // On a separator of the caller, for tests and for a device that is shared.
  StemSplitter(std::string model, std::unique_ptr<StemSeparator> separator);

  const std::string& model() const { return model_; }

  // Stereo at the separator's rate: resampled, mono duplicated, of more channels the first two.
  AudioBuffer prepare(const AudioBuffer& song) const;

  // song: prepare()d. Standardised by the mono mix's mean and deviation, separated in segments that
  // overlap by 25 % without time shift, so that the same song gives the same stems, and scaled
  // back. Each stem is as long as `song`. Stage "stems", one step a segment; the stop token is
  // looked at before each. Throws InvalidRequest (empty, not finite), Cancelled, OutOfMemory.
  std::vector<Stem> split(const AudioBuffer& song, const JobContext& job);

  // Reads, splits and writes. Nothing is written before all stems are there. Stages "reading",
  // "stems", "writing". Throws as read_post_source() and split(), NotFound (folder), Internal (disk
  // full).
  StemFiles split_file(const StemFileRequest& request, const JobContext& job);

 private:
  std::string model_;
  std::unique_ptr<Device> device_;  // null with a separator of the caller; outlives the separator
  std::unique_ptr<StemSeparator> separator_;
};

// open() and split_file() in one.
StemFiles separate_stems(const StemFileRequest& request,
                         const StemOptions& options,
                         const JobContext& job);

}  // namespace ams
