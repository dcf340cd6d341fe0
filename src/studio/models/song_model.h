// The networks of one song model on one device, each loaded when it is first needed.
//
// Invariants: a network is loaded at most once at a time; what MemoryMeasures forbids to be
// together never is; a song model that a denoiser is bound to is not dropped; adapters that were
// applied are applied again after a song model was dropped and read again.
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
#include "studio/models/memory_plan.h"
#include "studio/models/song_model_files.h"
#include "studio/modes/render_song.h"
#include "studio/weights/model_weights.h"
#include "tensor/device.h"
#include "tensor/lora_stack.h"
#include "tensor/weight_store.h"
#include "text/tokenizer.h"

namespace ams {

// Called before a network is read, with its role ("song model", "planner", …), and with "" when it
// is there.
using LoadObserver = std::function<void(std::string_view network)>;

struct SongModelOptions {
  Precision precision = Precision::BF16;
  bool rounds_rotary_tables = false;  // as official CUDA runs, see RotaryTable
  std::filesystem::path quant_cache;  // empty: none
  bool operator==(const SongModelOptions&) const = default;
};

class OnDemandNetworks;

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
  const OobleckConfig& codec_config() const { return codec_config_; }
  const SongModelOptions& options() const { return options_; }
  bool has_planner() const { return files_.planner.has_value(); }

  // What may be in memory together from now on, and how the networks work. Drops what must go.
  void use(const MemoryMeasures& measures);
  const MemoryMeasures& measures() const { return measures_; }

  // What rendering needs. Each network is read when it is used; `observe` is told then.
  SongNetworks networks(const LoadObserver& observe);
  // Reads all that rendering needs now, as far as it may be in memory together.
  void load(const LoadObserver& observe);
  // For counting a prompt's tokens; needs no weights.
  const Tokenizer& text_tokenizer();

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
  friend class OnDemandNetworks;
  struct LoadedTextEncoder;
  struct LoadedCodec;
  struct LoadedPlanner;

  // Read if they are not there; what may not be beside them is dropped first.
  QwenTextEncoder& text_encoder();
  AceStepModel& song_model();
  Oobleck& codec();

  template <typename Load>
  void timed(SongNetwork network, Load load);
  void make_room(SongNetwork wanted);
  void drop(SongNetwork network);
  void configure();

  SongModelFiles files_;
  const Device* device_;
  SongModelOptions options_;
  MemoryMeasures measures_;
  AceStepConfig config_;
  OobleckConfig codec_config_;
  FloatArray silence_;
  std::unique_ptr<AceStepModel> acestep_;
  std::unique_ptr<LoadedTextEncoder> text_encoder_;
  std::unique_ptr<LoadedCodec> codec_;
  std::unique_ptr<LoadedPlanner> planner_;
  std::shared_ptr<const Tokenizer> text_tokenizer_;  // shared with nobody; that is how it comes
  std::unique_ptr<PlannerGrammar> planner_grammar_;
  std::vector<LoraUse> loras_;  // of the last apply_loras()
  std::unique_ptr<OnDemandNetworks> on_demand_;
  LoadObserver observe_;
  int64_t bound_denoisers_ = 0;
  double load_seconds_ = 0.0;
};

}  // namespace ams
