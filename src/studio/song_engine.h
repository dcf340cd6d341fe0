// The engine on the ggml networks.
#pragma once

#include <memory>
#include <span>

#include "studio/engine.h"
#include "studio/lora/lora_choice.h"
#include "studio/models/encoded_inputs.h"
#include "studio/models/memory_needs.h"
#include "studio/models/song_model.h"
#include "studio/song_size.h"
#include "tensor/device.h"

namespace ams {

class SongEngine : public Engine {
 public:
  explicit SongEngine(const EngineOptions& options);

  SongResult generate(const SongRequest& request, const JobContext& job) override;
  void preload(const JobContext& job) override;
  EngineFacts facts() const override;
  std::optional<MemoryPlan> forecast(double seconds) override;
  std::optional<MemoryPlan> memory_plan() const override { return plan_; }

 private:
  SongModel& model_for(const std::string& name, Compatibility compat);
  // Chooses how the song fits and makes the model work so; a new model if the format changes.
  SongModel& plan_for(SongModel& model, const SongSize& size, SongReport& report);
  void note_weights();
  MemoryPlan plan(const SongModel& model, const SongSize& size) const;
  MemoryBudget budget() const;
  SongModelFiles find_files(const std::string& name);
  void apply_loras(SongModel& model,
                   std::span<const LoraChoice> choices,
                   std::span<const LoraUse> uses,
                   const LoadObserver& loading,
                   SongReport& report);

  void describe(const SongModel& model, const SongControls& controls, SongReport& report) const;

  EngineOptions options_;
  std::unique_ptr<Device> device_;
  std::string model_name_;  // that `model_` was opened for
  std::unique_ptr<SongModel> model_;
  SongModelOptions model_options_;  // as asked for; a plan may have chosen another precision
  std::optional<MemoryPlan> plan_;
  size_t all_weight_bytes_ = 0;  // of `model_` with every network loaded
  bool is_test_model_ = false;
  LoraShelf loras_;
  EncodedInputs inputs_;
};

}  // namespace ams
