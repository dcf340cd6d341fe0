// The networks of one song model on one device, each loaded when it is first needed.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "nets/acestep_model.h"
#include "nets/oobleck.h"
#include "nets/qwen_lm.h"
#include "nets/qwen_text_encoder.h"
#include "planner/planner_grammar.h"
#include "studio/models/song_model_files.h"
#include "studio/modes/render_song.h"
#include "tensor/device.h"
#include "tensor/lora_stack.h"
#include "tensor/weight_store.h"
#include "text/tokenizer.h"

namespace ams {

// Called before a network is read, with its role ("song model", "planner", …).
using LoadObserver = std::function<void(std::string_view network)>;

struct SongModelOptions {
  Precision precision = Precision::BF16;
  bool rounds_rotary_tables = false;  // as official CUDA runs, see RotaryTable
  bool operator==(const SongModelOptions&) const = default;
};

// Confined to the worker thread. The device must outlive it.
class SongModel {
 public:
  // Reads the configurations; weights follow on first use.
  // Throws NotFound, CorruptFile, Unsupported.
  SongModel(SongModelFiles files, const Device& device, const SongModelOptions& options);
  ~SongModel();
  SongModel(const SongModel&) = delete;
  SongModel& operator=(const SongModel&) = delete;

  const SongModelFiles& files() const { return files_; }
  const AceStepConfig& config() const { return config_; }
  const SongModelOptions& options() const { return options_; }
  bool has_planner() const { return files_.planner.has_value(); }

  // What rendering needs; loads what is not there yet.
  SongNetworks networks(const LoadObserver& observe);

  // Makes the song model run with exactly these adapters. As LoraStack::apply().
  std::vector<LoraOutcome> apply_loras(std::span<const LoraUse> uses, const LoadObserver& observe);

  struct Planner {
    CausalLm* lm = nullptr;
    const PlannerGrammar* grammar = nullptr;
  };
  // Throws NotFound if the model has none.
  Planner planner(const LoadObserver& observe);

  double load_seconds() const { return load_seconds_; }  // spent on reading weights so far
  size_t weight_bytes() const;                           // on the device

 private:
  struct LoadedTextEncoder;
  struct LoadedCodec;
  struct LoadedPlanner;
  template <typename Load>
  void timed(std::string_view network, const LoadObserver& observe, Load load);

  SongModelFiles files_;
  const Device* device_;
  SongModelOptions options_;
  AceStepConfig config_;
  FloatArray silence_;
  std::unique_ptr<AceStepModel> acestep_;
  std::unique_ptr<LoadedTextEncoder> text_encoder_;
  std::unique_ptr<LoadedCodec> codec_;
  std::unique_ptr<LoadedPlanner> planner_;
  double load_seconds_ = 0.0;
};

}  // namespace ams
