// The engine on the ggml networks.
#pragma once

#include <memory>

#include "studio/engine.h"
#include "studio/lora/lora_choice.h"
#include "studio/models/encoded_inputs.h"
#include "studio/models/song_model.h"
#include "tensor/device.h"

namespace ams {

class SongEngine : public Engine {
 public:
  explicit SongEngine(const EngineOptions& options);

  SongResult generate(const SongRequest& request, const JobContext& job) override;
  EngineFacts facts() const override;

 private:
  SongModel& model_for(const std::string& name, Compatibility compat);
  SongModelFiles find_files(const std::string& name);
  void apply_loras(SongModel& model,
                   const SongControls& controls,
                   const LoadObserver& loading,
                   SongReport& report);

  EngineOptions options_;
  std::unique_ptr<Device> device_;
  std::string model_name_;  // that `model_` was opened for
  std::unique_ptr<SongModel> model_;
  bool is_test_model_ = false;
  LoraShelf loras_;
  EncodedInputs inputs_;
};

}  // namespace ams
