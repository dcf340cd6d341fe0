#include "unit/diffusion/golden_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/error.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> golden_folders() {
  std::vector<fs::path> folders;
  for (const fs::path& folder :
       {fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data", fs::path(AMS_TEST_GOLDEN_DIR)}) {
    if (fs::exists(folder / "manifest.json")) folders.push_back(folder);
  }
  return folders;
}

template <typename Visit>
void visit_cases(Visit visit) {
  for (const fs::path& folder : golden_folders()) {
    const Json cases = Json::parse_file(folder / "manifest.json").at("cases");
    for (int64_t i = 0; i < cases.size(); ++i) {
      const Json entry = cases.at(i);
      const fs::path file = folder / entry.get("file", "");
      if (fs::is_regular_file(file)) visit(entry, file);
    }
  }
}

template <typename T>
std::vector<T> copy_values(std::span<const char> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

}  // namespace

std::vector<std::string> golden_cases(const std::string& prefix) {
  std::vector<std::string> names;
  visit_cases([&](const Json& entry, const fs::path&) {
    const std::string name = entry.get("name", "");
    const bool is_known = std::find(names.begin(), names.end(), name) != names.end();
    if (name.starts_with(prefix) && !is_known) names.push_back(name);
  });
  return names;
}

GoldenCase load_golden_case(const std::string& name) {
  GoldenCase result;
  std::string content;
  visit_cases([&](const Json& entry, const fs::path& path) {
    if (entry.get("name", "") != name || !content.empty()) return;
    result.params = entry.at("params");
    std::ifstream file(path, std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(file), {});
  });
  if (content.size() < 8) throw Error(ErrorCode::NotFound, "golden case " + name);
  uint64_t header_size = 0;
  std::memcpy(&header_size, content.data(), sizeof(header_size));
  const Json header = Json::parse(std::string_view(content).substr(8, header_size), name);
  const std::span<const char> data = std::span<const char>(content).subspan(8 + header_size);
  header.for_each_member([&](const std::string& tensor, const Json& info) {
    if (tensor == "__metadata__") return;
    const auto begin = static_cast<size_t>(info.at("data_offsets").at(0).as_int());
    const auto end = static_cast<size_t>(info.at("data_offsets").at(1).as_int());
    const std::span<const char> bytes = data.subspan(begin, end - begin);
    const std::string type = info.at("dtype").as_string();
    if (type == "BOOL") result.bytes[tensor] = copy_values<uint8_t>(bytes);
    if (type != "F32") return;
    std::vector<int64_t> shape;
    for (int64_t i = 0; i < info.at("shape").size(); ++i) {
      shape.push_back(info.at("shape").at(i).as_int());
    }
    result.floats[tensor] = FloatArray(shape, copy_values<float>(bytes));
  });
  return result;
}

double relative_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double error = 0.0, norm = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = double{a[i]} - b[i];
    error += difference * difference;
    norm += double{b[i]} * b[i];
  }
  return std::sqrt(error / std::max(norm, 1e-30));
}

}  // namespace ams
