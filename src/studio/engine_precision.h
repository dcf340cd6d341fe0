// How weights are kept for a choice of quantisation.
#pragma once

#include <string_view>

#include "studio/engine.h"
#include "tensor/weight_store.h"

namespace ams {

Precision precision_of(Quantisation quant);
std::string_view precision_name(Precision precision);  // "bf16"

}  // namespace ams
