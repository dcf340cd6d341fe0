#include "tensor/weight_format.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::array<PrecisionInfo, 6> kPrecisions{{
    {Precision::F32,
     "f32",
     "f32",
     DType::F32,
     "32-bit floats: the exact values, twice the memory of bf16"},
    {Precision::BF16, "bf16", "bf16", DType::BF16, "as published; the default"},
    {Precision::Q8_0, "q8_0", "q8_0", DType::Q8_0, "8.5 bits a weight, hardly audible"},
    {Precision::Q6_K, "q6_k", "q6_k", DType::Q6_K, "6.6 bits a weight"},
    {Precision::Q5_K, "q5_k_m", "q5_k", DType::Q5_K, "5.5 bits a weight, 6.6 for some"},
    {Precision::Q4_K, "q4_k_m", "q4_k", DType::Q4_K, "4.5 bits a weight, 6.6 for some"},
}};

// The number behind "layers." in a name; -1 without one.
int64_t layer_of(std::string_view name) {
  constexpr std::string_view kMark = "layers.";
  const size_t mark = name.find(kMark);
  if (mark == std::string_view::npos) return -1;
  int64_t layer = 0;
  size_t i = mark + kMark.size();
  const size_t first = i;
  for (; i < name.size() && name[i] >= '0' && name[i] <= '9' && layer < 10'000; ++i) {
    layer = layer * 10 + (name[i] - '0');
  }
  return i > first ? layer : -1;
}

bool keeps_six_bits(std::string_view name, Precision precision) {
  const bool is_mixture = precision == Precision::Q5_K || precision == Precision::Q4_K;
  return is_mixture && name.ends_with("down_proj.weight") && layer_of(name) % 2 == 0;
}

}  // namespace

std::span<const PrecisionInfo> precision_table() { return kPrecisions; }

const PrecisionInfo& precision_info(Precision precision) {
  return kPrecisions[static_cast<size_t>(precision)];
}

Precision parse_precision(std::string_view name) {
  std::string valid;
  for (const PrecisionInfo& row : kPrecisions) {
    if (row.name == name || row.option_name == name) return row.precision;
    valid += (valid.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(ErrorCode::InvalidRequest, str("quant: '", name, "' is unknown; valid are ", valid));
}

DType weight_dtype(std::string_view name, int64_t row, WeightRole role, Precision precision) {
  if (role == WeightRole::Exact) return DType::F32;
  const DType matrix =
      keeps_six_bits(name, precision) ? DType::Q6_K : precision_info(precision).matrix;
  if (!is_quantised(matrix)) return matrix;
  const bool fits = role == WeightRole::Matrix && row % dtype_block(matrix) == 0;
  return fits ? matrix : DType::BF16;
}

bool is_quantised(DType dtype) { return dtype_block(dtype) > 1; }

}  // namespace ams
