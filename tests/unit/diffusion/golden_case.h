// Reads recorded cases of the reference: tests/golden/data first, then the full golden folder.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "base/json.h"

namespace ams {

// One case with its float tensors; bool tensors are read as bytes.
struct GoldenCase {
  Json params;
  std::map<std::string, FloatArray> floats;
  std::map<std::string, std::vector<uint8_t>> bytes;

  const FloatArray& at(const std::string& name) const { return floats.at(name); }
};

// Names of the recorded cases whose name starts with `prefix`, empty without golden data.
std::vector<std::string> golden_cases(const std::string& prefix);

// Throws NotFound if the case is not there.
GoldenCase load_golden_case(const std::string& name);

// ||a - b|| / ||b||; infinite if the sizes differ.
double relative_difference(std::span<const float> a, std::span<const float> b);

}  // namespace ams
