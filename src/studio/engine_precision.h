// How weights are kept for a choice of quantisation.
#pragma once

#include <string_view>

#include "studio/engine.h"
#include "tensor/weight_file.h"
#include "tensor/weight_store.h"

namespace ams {

Precision precision_of(Quantisation quant);

// As above; without a choice a quantised file stays in the type that holds most of its bytes, so
// that it takes no more memory than it has to.
Precision precision_of(Quantisation quant, const WeightFile& file);

std::string_view precision_name(Precision precision);  // "bf16"

}  // namespace ams
