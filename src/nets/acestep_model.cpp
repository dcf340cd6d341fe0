#include "nets/acestep_model.h"

#include "tensor/weight_file.h"

namespace ams {

AceStepModel::AceStepModel(const AceStepConfig& config, const Device& device)
    : config_(config),
      dit_(store_.root(), config, device),
      native_(device.has_native_networks() ? make_native_denoiser(dit_) : nullptr),
      conditions_(store_.root(), config, device),
      code_tokenizer_(store_.root(), config, device) {}

std::unique_ptr<AceStepModel> AceStepModel::load(const std::filesystem::path& folder,
                                                 const Device& device,
                                                 Precision precision,
                                                 bool rounds_rotary_tables) {
  AceStepConfig config = AceStepConfig::load(folder);
  config.rounds_rotary_tables = rounds_rotary_tables;
  return load(config, open_weights(folder), device, precision);
}

std::unique_ptr<AceStepModel> AceStepModel::load(const AceStepConfig& config,
                                                 std::shared_ptr<const WeightFile> file,
                                                 const Device& device,
                                                 Precision precision) {
  auto model = std::make_unique<AceStepModel>(config, device);
  model->store_.load(*file, device, precision);
  model->loras_ =
      std::make_unique<LoraStack>(model->store_, device, std::move(file), /*scope=*/"decoder");
  return model;
}

}  // namespace ams
