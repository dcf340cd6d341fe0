// What an adapter adds to a matrix, computed densely in fp32. For the kinds that cannot run beside
// the matrix: DoRA, whose norms depend on it, and LoKr.
#pragma once

#include <span>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/lora_file.h"

namespace ams {

// One module at a strength, and how finely its base is stored (LyCORIS' epsilon depends on it).
struct LoraChange {
  const LoraModule* module = nullptr;
  double strength = 1.0;
  DType base_dtype = DType::BF16;
  int threads = 1;
};

// target += strength * (W' - W), where W = `pristine` [out, in] and W' is the adapted matrix:
// W + D, with the rows rescaled to the stored norms for DoRA. Changes of several adapters add up in
// any order, and strength 0 changes nothing. Throws CorruptFile for values that are not finite.
void add_change(const LoraChange& change, std::span<const float> pristine, std::span<float> target);

// To fp32. Throws CorruptFile if a value is infinite or not a number.
std::vector<float> finite_values(const StoredTensor& tensor);

// To fp32, also of quantised tensors, whose values are those that they stand for.
std::vector<float> dequantised_values(const StoredTensor& tensor);

}  // namespace ams
