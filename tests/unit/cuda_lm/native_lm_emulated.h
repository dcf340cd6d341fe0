// Language models of a device with native networks, on the emulated card.
#pragma once

#include <memory>

#include "nets/qwen_lm.h"
#include "tensor/device.h"
#include "tensor/weight_store.h"

namespace ams {

// A CPU whose networks go to the emulated card (native) or to ggml.
std::unique_ptr<Device> open_emulated(bool native);

// A model with its weights. Not movable: the network points to the store.
struct EmulatedLm {
  EmulatedLm(const QwenConfig& config, bool native, bool exact_caches)
      : device(open_emulated(native)), lm(store.root(), config, *device, exact_caches) {}

  std::unique_ptr<Device> device;
  WeightStore store;
  QwenLm lm;
};

}  // namespace ams
