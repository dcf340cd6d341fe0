// The networks that a bench measures: of a checkpoint, or with random weights of official sizes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "studio/bench/bench.h"
#include "studio/models/song_model_files.h"
#include "tensor/device.h"

namespace ams {

// Where each network comes from. Confined to the worker thread; the device must outlive it and what
// it makes. Every function makes a fresh network with its own weights.
class BenchNetworks {
 public:
  // Throws NotFound if a checkpoint is asked for and not there.
  BenchNetworks(const BenchOptions& options, const Device& device);

  template <typename Network>
  struct Loaded {
    std::unique_ptr<WeightStore> store;
    std::unique_ptr<Network> network;
    Network* operator->() const { return network.get(); }
  };

  std::unique_ptr<AceStepModel> song_model() const;
  Loaded<QwenTextEncoder> text_encoder() const;
  Loaded<QwenLm> planner() const;
  Loaded<QwenLm> lyrics() const;  // always with random weights
  Loaded<Oobleck> codec() const;
  bool lyrics_is_tied() const;  // its output head is the embedding table
  OobleckConfig codec_config() const;
  bool has_planner() const { return !files_ || files_->planner; }

  const std::string& name() const { return name_; }
  Precision precision() const { return precision_; }

 private:
  AceStepConfig song_config() const;
  QwenConfig text_config() const;
  QwenConfig planner_config() const;

  const Device* device_;
  Precision precision_;
  std::string lyrics_name_;
  std::string name_;  // of the configuration or the checkpoint
  std::optional<SongModelFiles> files_;
};

}  // namespace ams
