#include "golden/golden_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/str.h"

namespace ams::golden {
namespace {

template <typename T>
std::vector<int64_t> widen(std::span<const std::byte> bytes) {
  std::vector<int64_t> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value{};
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<int64_t>(value);
  }
  return values;
}

}  // namespace

GoldenCase::GoldenCase(std::filesystem::path folder, const Json& manifest_entry)
    : folder_(std::move(folder)),
      name_(manifest_entry.at("name").as_string()),
      params_(manifest_entry.at("params")),
      weights_(open_weights(folder_ / manifest_entry.at("file").as_string())) {
  manifest_entry.at("tensors").for_each_member([&](const std::string& tensor, const Json& facts) {
    atol_[tensor] = facts.get("atol", 0.0);
  });
}

const StoredTensor& GoldenCase::stored(std::string_view tensor) const {
  const StoredTensor* found = weights_->find(tensor);
  if (!found) throw Error(ErrorCode::CorruptFile, str("golden: ", name_, " lacks '", tensor, "'"));
  return *found;
}

FloatArray GoldenCase::floats(std::string_view tensor) const {
  const StoredTensor& found = stored(tensor);
  return FloatArray(found.shape, to_float(found));
}

std::vector<int64_t> GoldenCase::integers(std::string_view tensor) const {
  const StoredTensor& found = stored(tensor);
  switch (found.dtype) {
    case DType::I64:
      return widen<int64_t>(found.bytes);
    case DType::I32:
      return widen<int32_t>(found.bytes);
    case DType::U8:
    case DType::Bool:
      return widen<uint8_t>(found.bytes);
    default:
      throw Error(ErrorCode::CorruptFile,
                  str("golden: '",
                      tensor,
                      "' of ",
                      name_,
                      " is ",
                      dtype_name(found.dtype),
                      ", expected integers"));
  }
}

std::vector<int32_t> GoldenCase::ids(std::string_view tensor) const {
  const std::vector<int64_t> wide = integers(tensor);
  return std::vector<int32_t>(wide.begin(), wide.end());
}

std::vector<int64_t> GoldenCase::shape(std::string_view tensor) const {
  return stored(tensor).shape;
}

bool GoldenCase::is_float(std::string_view tensor) const {
  const DType dtype = stored(tensor).dtype;
  return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F64;
}

std::vector<std::string> GoldenCase::tensor_names(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const StoredTensor& tensor : weights_->tensors()) {
    if (tensor.name.starts_with(prefix)) names.push_back(tensor.name);
  }
  return names;
}

double GoldenCase::atol(std::string_view tensor) const {
  const auto found = atol_.find(tensor);
  return found == atol_.end() ? 0.0 : found->second;
}

void Comparison::check(std::string_view recorded_name, const FloatArray& actual) {
  const bool output = recorded_name.starts_with("out.");
  if (!output && !golden_.has(recorded_name)) return;
  const FloatArray expected = golden_.floats(recorded_name);
  TensorResult result;
  result.name = recorded_name;
  result.atol = golden_.atol(recorded_name);
  if (actual.data.size() != expected.data.size()) {
    result.relative = std::numeric_limits<double>::infinity();
    result.cosine = 0.0;
    result.max_abs = result.relative;
    result.name += str(" (got ", shape_str(actual.shape), ")");
    results_.push_back(result);
    return;
  }
  double difference = 0.0;
  double norm_expected = 0.0;
  double norm_actual = 0.0;
  double product = 0.0;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    const double a = actual.data[i];
    const double b = expected.data[i];
    difference += (a - b) * (a - b);
    norm_expected += b * b;
    norm_actual += a * a;
    product += a * b;
    // NaN must not compare as zero.
    const double distance =
        std::isnan(a) ? std::numeric_limits<double>::infinity() : std::abs(a - b);
    result.max_abs = std::max(result.max_abs, distance);
  }
  const double scale = norm_expected > 0.0 ? std::sqrt(norm_expected) : 1.0;
  result.relative = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                           : std::sqrt(difference) / scale;
  const double norms = std::sqrt(norm_expected * norm_actual);
  result.cosine = norms > 0.0 ? product / norms : 1.0;
  results_.push_back(result);
}

void Comparison::check(std::string_view recorded_name, std::span<const int64_t> actual) {
  if (!recorded_name.starts_with("out.") && !golden_.has(recorded_name)) return;
  const std::vector<int64_t> expected = golden_.integers(recorded_name);
  TensorResult result;
  result.name = recorded_name;
  result.is_float = false;
  result.equal = std::equal(actual.begin(), actual.end(), expected.begin(), expected.end());
  results_.push_back(result);
}

void Comparison::check(std::string_view recorded_name, std::span<const int32_t> actual) {
  const std::vector<int64_t> wide(actual.begin(), actual.end());
  check(recorded_name, std::span<const int64_t>(wide));
}

std::vector<std::string> Comparison::missing() const {
  std::vector<std::string> names = golden_.tensor_names("out.");
  std::erase_if(names, [&](const std::string& name) {
    return std::any_of(results_.begin(), results_.end(), [&](const TensorResult& result) {
      return result.name.starts_with(name) &&
             (result.name.size() == name.size() || result.name[name.size()] == ' ');
    });
  });
  return names;
}

}  // namespace ams::golden
