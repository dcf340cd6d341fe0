#include "diffusion/bfloat16.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace ams {

float round_to_bfloat16(float value) {
  if (std::isnan(value)) return value;
  uint32_t bits = std::bit_cast<uint32_t>(value);
  bits += 0x7fffu + ((bits >> 16) & 1u);
  return std::bit_cast<float>(bits & 0xffff0000u);
}

}  // namespace ams
