// Rounding of float32 values to the precision of bfloat16, ties to even as PyTorch does.
#pragma once

namespace ams {

float round_to_bfloat16(float value);

}  // namespace ams
