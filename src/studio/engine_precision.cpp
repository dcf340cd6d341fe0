#include "studio/engine_precision.h"

#include <cstddef>
#include <map>
#include <optional>

namespace ams {
namespace {

std::optional<Precision> precision_of(DType dtype) {
  switch (dtype) {
    case DType::Q8_0:
      return Precision::Q8_0;
    case DType::Q6_K:
      return Precision::Q6_K;
    case DType::Q5_K:
      return Precision::Q5_K;
    case DType::Q4_K:
      return Precision::Q4_K;
    default:
      return std::nullopt;
  }
}

}  // namespace

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

Precision precision_of(Quantisation quant, const WeightFile& file) {
  const Precision chosen = precision_of(quant);
  if (quant != Quantisation::None) return chosen;
  std::map<DType, size_t> bytes;
  for (const StoredTensor& tensor : file.tensors()) bytes[tensor.dtype] += tensor.bytes.size();
  DType most = DType::BF16;
  for (const auto& [dtype, count] : bytes) {
    if (count > bytes[most]) most = dtype;
  }
  return precision_of(most).value_or(chosen);
}

std::string_view precision_name(Precision precision) { return precision_info(precision).name; }

}  // namespace ams
