// Values in another type: what loading and writing weights share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor_recipe.h"
#include "tensor/weight_file.h"

namespace ams {

// Encodes fp32 values as F32, BF16 or a quantised type. `row`: elements of a row, whole blocks of
// the type; the count is a multiple. On all cores where that helps.
std::vector<std::byte> encode_values(std::span<const float> values, DType dtype, int64_t row);

// Gives the bytes of a stored tensor in another type, in order, some megabytes at a time. Equal
// types are passed on as they are. Pages of the file that were read are given back, so the file
// does not add up in memory. Throws Unsupported for types that hold no real numbers.
void convert_tensor(const StoredTensor& stored, DType dtype, const ByteSink& sink);

}  // namespace ams
