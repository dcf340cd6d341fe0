// One ACE-Step 1.5 checkpoint: diffusion transformer, condition encoder and code tokenizer share a
// file.
#pragma once

#include <filesystem>
#include <memory>

#include "nets/acestep_conditions.h"
#include "nets/acestep_config.h"
#include "nets/dit.h"
#include "nets/fsq_code_tokenizer.h"
#include "nets/native_denoiser.h"
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
  // The portable transformer: options, taps, and what denoiser() is where nothing else was asked
  // for.
  Dit& dit() { return dit_; }
  // The transformer that computes on this device.
  Denoiser& denoiser() { return native_ ? static_cast<Denoiser&>(*native_) : dit_; }
  const NativeDenoiser* native() const { return native_.get(); }  // null: denoiser() is dit()
  AceStepConditions& conditions() { return conditions_; }
  FsqCodeTokenizer& code_tokenizer() { return code_tokenizer_; }
  // Adapters of the diffusion transformer. Only for a loaded model. Change them between songs: a
  // ConditionedDenoiser that was bound before holds keys and values made with the old ones.
  LoraStack& loras() { return *loras_; }

 private:
  AceStepConfig config_;
  WeightStore store_;
  Dit dit_;
  std::unique_ptr<NativeDenoiser> native_;  // null unless the device asks for one
  AceStepConditions conditions_;
  FsqCodeTokenizer code_tokenizer_;
  std::unique_ptr<LoraStack> loras_;  // set by load(); after store_, which it changes back
};

}  // namespace ams
