// One ACE-Step 1.5 checkpoint: diffusion transformer, condition encoder and code tokenizer share a
// file.
#pragma once

#include <filesystem>
#include <memory>

#include "nets/acestep_conditions.h"
#include "nets/acestep_config.h"
#include "nets/dit.h"
#include "nets/fsq_code_tokenizer.h"
#include "tensor/device.h"
#include "tensor/lora_stack.h"
#include "tensor/weight_store.h"

namespace ams {

// Confined to the worker thread. The device must outlive it.
class AceStepModel {
 public:
  // Declares all networks of a configuration without loading anything.
  AceStepModel(const AceStepConfig& config, const Device& device);
  // Reads config.json and the weights of a folder; every tensor is claimed exactly once.
  // Throws NotFound, CorruptFile, OutOfMemory.
  static std::unique_ptr<AceStepModel> load(const std::filesystem::path& folder,
                                            const Device& device,
                                            Precision precision,
                                            bool rounds_rotary_tables = false);
  // The same with weights that were opened already.
  static std::unique_ptr<AceStepModel> load(const AceStepConfig& config,
                                            std::shared_ptr<const WeightFile> file,
                                            const Device& device,
                                            Precision precision);
  AceStepModel(const AceStepModel&) = delete;
  AceStepModel& operator=(const AceStepModel&) = delete;

  const AceStepConfig& config() const { return config_; }
  WeightStore& store() { return store_; }
  Dit& dit() { return dit_; }
  AceStepConditions& conditions() { return conditions_; }
  FsqCodeTokenizer& code_tokenizer() { return code_tokenizer_; }
  // Adapters of the diffusion transformer. Only for a loaded model. Change them between songs: a
  // ConditionedDenoiser that was bound before holds keys and values made with the old ones.
  LoraStack& loras() { return *loras_; }

 private:
  AceStepConfig config_;
  WeightStore store_;
  Dit dit_;
  AceStepConditions conditions_;
  FsqCodeTokenizer code_tokenizer_;
  std::unique_ptr<LoraStack> loras_;  // set by load(); after store_, which it changes back
};

}  // namespace ams
