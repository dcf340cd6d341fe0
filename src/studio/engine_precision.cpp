#include "studio/engine_precision.h"

namespace ams {

Precision precision_of(Quantisation quant) {
  switch (quant) {
    case Quantisation::None:
      return Precision::BF16;
    case Quantisation::Q8_0:
      return Precision::Q8_0;
    case Quantisation::Q6K:
      return Precision::Q6_K;
    case Quantisation::Q5K:
      return Precision::Q5_K;
    case Quantisation::Q4K:
      return Precision::Q4_K;
  }
  return Precision::BF16;
}

std::string_view precision_name(Precision precision) { return precision_info(precision).name; }

}  // namespace ams
