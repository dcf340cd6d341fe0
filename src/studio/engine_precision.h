// How weights are kept for a choice of quantisation.
#pragma once

#include <string_view>

#include "studio/engine.h"
#include "tensor/weight_file.h"
#include "tensor/weight_store.h"

namespace ams {

Precision precision_of(Quantisation quant);

// What the weights of `file` are called once they are loaded: without a choice a quantised file
// stays as it is (WeightStore::load), and the type of most of its bytes gives the name.
Precision precision_of(Quantisation quant, const WeightFile& file);

std::string_view precision_name(Precision precision);  // "bf16"

}  // namespace ams
