#include "tensor/lora_modules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "tensor/lora_names.h"

namespace ams {
namespace {

constexpr size_t kMaxModules = 4096;  // XL has 355 linear layers

using Parts = std::map<LoraPart, const StoredTensor*>;

[[noreturn]] void throw_corrupt(const WeightFile& file, const std::string& message) {
  throw Error(ErrorCode::CorruptFile, str("lora: ", file.description(), " ", message));
}

const StoredTensor* find(const Parts& parts, LoraPart part) {
  const auto found = parts.find(part);
  return found == parts.end() ? nullptr : found->second;
}

void check_tensor(const WeightFile& file, const StoredTensor& tensor) {
  if (tensor.name.size() > kMaxLoraNameLength) {
    throw_corrupt(file,
                  str("has a name of ",
                      tensor.name.size(),
                      " characters, at most ",
                      kMaxLoraNameLength,
                      " are read"));
  }
  constexpr std::array<DType, 3> kTypes{DType::F32, DType::F16, DType::BF16};
  if (std::find(kTypes.begin(), kTypes.end(), tensor.dtype) == kTypes.end()) {
    throw_corrupt(file,
                  str("has '",
                      tensor.name,
                      "' as ",
                      dtype_name(tensor.dtype),
                      ", expected one of f32, f16, bf16"));
  }
}

// A tensor of one element, or `fallback` if there is none.
double scalar_of(const WeightFile& file, const StoredTensor* tensor, double fallback) {
  if (!tensor) return fallback;
  if (element_count(tensor->shape).value_or(0) != 1) {
    throw_corrupt(
        file, str("has '", tensor->name, "' ", shape_str(tensor->shape), ", expected one number"));
  }
  const auto value = static_cast<double>(to_float(*tensor)[0]);
  if (!std::isfinite(value) || std::abs(value) > 1e6) {
    throw_corrupt(
        file,
        str("has '", tensor->name, "' = ", value, ", expected a finite number up to one million"));
  }
  return value;
}

bool is_matrix(const StoredTensor& tensor) {
  return tensor.shape.size() == 2 && tensor.shape[0] > 0 && tensor.shape[1] > 0;
}

// Throws unless a [m, r] and b [r, n] can be multiplied and the rank is within the limit.
int64_t checked_rank(const WeightFile& file, const StoredTensor& a, const StoredTensor& b) {
  for (const StoredTensor* tensor : {&a, &b}) {
    if (is_matrix(*tensor)) continue;
    throw_corrupt(
        file, str("has '", tensor->name, "' ", shape_str(tensor->shape), ", expected a matrix"));
  }
  if (a.shape[1] != b.shape[0]) {
    throw_corrupt(file,
                  str("has ",
                      a.shape[1],
                      " columns in '",
                      a.name,
                      "' but ",
                      b.shape[0],
                      " rows in '",
                      b.name,
                      "'; both are the rank"));
  }
  if (a.shape[1] > kMaxLoraRank) {
    throw Error(ErrorCode::Unsupported,
                str("lora: ",
                    file.description(),
                    " has rank ",
                    a.shape[1],
                    " in '",
                    a.name,
                    "', expected 1 to ",
                    kMaxLoraRank));
  }
  return a.shape[1];
}

[[noreturn]] void throw_incomplete(const WeightFile& file,
                                   const std::string& module,
                                   std::string_view missing) {
  throw_corrupt(file,
                str("has only a part of the adapter of '",
                    module,
                    "': ",
                    missing,
                    " is missing; the file may be truncated or saved in pieces"));
}

// alpha / rank, or alpha / sqrt(rank) for rank-stabilised adapters.
double scale_of(const LoraModule& module, const LoraConfig& config) {
  const auto rank = static_cast<double>(module.rank);
  return module.alpha / (config.use_rslora ? std::sqrt(rank) : rank);
}

void fill_low_rank(const WeightFile& file,
                   const Parts& parts,
                   const LoraConfig& config,
                   LoraModule& module) {
  module.down = find(parts, LoraPart::Down);
  module.up = find(parts, LoraPart::Up);
  if (!module.down) throw_incomplete(file, module.name, "lora_A (lora_down)");
  if (!module.up) throw_incomplete(file, module.name, "lora_B (lora_up)");
  module.rank = checked_rank(file, *module.up, *module.down);
  module.out = module.up->shape[0];
  module.in = module.down->shape[1];
  const double fallback = config.alpha_of(module.name).value_or(static_cast<double>(module.rank));
  module.alpha = scalar_of(file, find(parts, LoraPart::Alpha), fallback);
  module.scale = scale_of(module, config);
}

// The rank of a factor, none if it is stored whole.
std::optional<int64_t> fill_factor(const WeightFile& file,
                                   const std::string& module,
                                   std::string_view label,
                                   LoraFactor& factor) {
  if (factor.whole) {
    if (!is_matrix(*factor.whole)) {
      throw_corrupt(file,
                    str("has '",
                        factor.whole->name,
                        "' ",
                        shape_str(factor.whole->shape),
                        ", expected a matrix"));
    }
    factor.rows = factor.whole->shape[0];
    factor.columns = factor.whole->shape[1];
    return std::nullopt;
  }
  if (!factor.a) throw_incomplete(file, module, str(label, " (", label, "_a)"));
  if (!factor.b) throw_incomplete(file, module, str(label, "_b"));
  const int64_t rank = checked_rank(file, *factor.a, *factor.b);
  factor.rows = factor.a->shape[0];
  factor.columns = factor.b->shape[1];
  return rank;
}

// LyCORIS' rules (LokrModule): the rank is that of the second factor, else of the first; if both
// are whole it is the stated one, with alpha equal to it unless written otherwise.
void fill_lokr(const WeightFile& file,
               const Parts& parts,
               const LoraConfig& config,
               LoraModule& module) {
  module.kind = LoraKind::LoKr;
  module.w1 = {
      find(parts, LoraPart::W1), find(parts, LoraPart::W1A), find(parts, LoraPart::W1B), 0, 0};
  module.w2 = {
      find(parts, LoraPart::W2), find(parts, LoraPart::W2A), find(parts, LoraPart::W2B), 0, 0};
  const std::optional<int64_t> rank1 = fill_factor(file, module.name, "lokr_w1", module.w1);
  const std::optional<int64_t> rank2 = fill_factor(file, module.name, "lokr_w2", module.w2);
  module.out = module.w1.rows * module.w2.rows;
  module.in = module.w1.columns * module.w2.columns;
  const bool is_whole = !rank1 && !rank2;
  const StoredTensor* alpha = find(parts, LoraPart::Alpha);
  const std::optional<int64_t> known = rank2 ? rank2 : rank1 ? rank1 : config.linear_dim;
  module.rank = known.value_or(1);
  const auto rank = static_cast<double>(module.rank);
  const double unstated = is_whole ? rank : config.alpha_of(module.name).value_or(rank);
  module.alpha = scalar_of(file, alpha, unstated);
  // Without a known rank an alpha has nothing to be divided by.
  module.scale = known ? scale_of(module, config) : 1.0;
}

void fill_magnitude(const WeightFile& file,
                    const Parts& parts,
                    const LoraConfig& config,
                    LoraModule& module) {
  module.magnitude = find(parts, LoraPart::Magnitude);
  if (!module.magnitude) {
    module.magnitude = find(parts, LoraPart::DoraScale);
    module.magnitude_has_epsilon = module.magnitude != nullptr;
  }
  if (!module.magnitude) {
    if (config.use_dora) throw_incomplete(file, module.name, "lora_magnitude_vector");
    return;
  }
  const std::vector<int64_t>& shape = module.magnitude->shape;
  const bool fits =
      (shape.size() == 1 || (shape.size() == 2 && shape[1] == 1)) && shape[0] == module.out;
  if (!fits) {
    throw Error(ErrorCode::Unsupported,
                str("lora: ",
                    file.description(),
                    " has '",
                    module.magnitude->name,
                    "' ",
                    shape_str(shape),
                    ", expected one norm for each of the ",
                    module.out,
                    " output rows; norms of input columns are not read"));
  }
}

// Convolutions have a third dimension or a core; only linear layers can be adapted.
bool is_linear(const Parts& parts) {
  if (find(parts, LoraPart::Core)) return false;
  for (const LoraPart part : {LoraPart::Down, LoraPart::Up, LoraPart::W1, LoraPart::W2}) {
    const StoredTensor* tensor = find(parts, part);
    if (tensor && tensor->shape.size() > 2) return false;
  }
  return true;
}

LoraModule make_module(const WeightFile& file,
                       const LoraName& name,
                       const Parts& parts,
                       const LoraConfig& config) {
  LoraModule module;
  module.name = name.module;
  module.is_flattened = name.is_flattened;
  const bool is_lokr = std::any_of(
      parts.begin(), parts.end(), [](const auto& entry) { return entry.first >= LoraPart::W1; });
  if (is_lokr) {
    fill_lokr(file, parts, config, module);
  } else {
    fill_low_rank(file, parts, config, module);
  }
  module.scale *= scalar_of(file, find(parts, LoraPart::Scalar), 1.0);
  fill_magnitude(file, parts, config, module);
  return module;
}

}  // namespace

LoraModules collect_modules(const WeightFile& file, const LoraConfig& config) {
  LoraModules result;
  std::map<std::pair<std::string, bool>, Parts> groups;
  for (const StoredTensor& tensor : file.tensors()) {
    const std::optional<LoraName> name = parse_lora_name(tensor.name);
    if (!name) {
      result.ignored.push_back(tensor.name);
      continue;
    }
    check_tensor(file, tensor);
    Parts& parts = groups[{name->module, name->is_flattened}];
    const auto [other, is_new] = parts.emplace(name->part, &tensor);
    if (!is_new) {
      throw_corrupt(file,
                    str("has '",
                        other->second->name,
                        "' and '",
                        tensor.name,
                        "' for the same part of one module; it may hold two adapters"));
    }
  }
  if (groups.size() > kMaxModules) {
    throw_corrupt(file,
                  str("adapts ", groups.size(), " modules, at most ", kMaxModules, " are read"));
  }
  for (const auto& [key, parts] : groups) {
    if (!is_linear(parts)) {
      for (const auto& [part, tensor] : parts) result.ignored.push_back(tensor->name);
      continue;
    }
    LoraName name;
    name.module = key.first;
    name.is_flattened = key.second;
    result.modules.push_back(make_module(file, name, parts, config));
  }
  return result;
}

}  // namespace ams
