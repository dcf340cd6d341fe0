#include "tensor/lora_config.h"

#include <charconv>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/str.h"
#include "tensor/lora_pattern.h"

namespace ams {
namespace {

constexpr int64_t kMaxPatterns = 4096;
constexpr int64_t kMaxExpressions = 32;  // patterns that cost time to match
constexpr size_t kMaxMatchedName = 128;  // longer modules are none of ACE-Step's

// Wrong JSON types are the file's fault here, not a request's.
LoraConfig blame_file(const std::string& what, const std::function<LoraConfig()>& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::InvalidRequest) throw;
    throw Error(ErrorCode::CorruptFile, str("lora: ", what, ": ", error.what()));
  }
}

double checked_alpha(double alpha, const std::string& label, const std::string& what) {
  if (std::isfinite(alpha) && std::abs(alpha) <= 1e6) return alpha;
  throw Error(
      ErrorCode::CorruptFile,
      str("lora: ", what, " has ", label, " ", alpha, ", expected a number up to one million"));
}

std::vector<std::pair<std::string, double>> parse_patterns(const Json& patterns,
                                                           const std::string& what) {
  std::vector<std::pair<std::string, double>> result;
  if (patterns.is_null()) return result;
  if (!patterns.is_object() || patterns.size() > kMaxPatterns) {
    throw Error(ErrorCode::CorruptFile,
                str("lora: ",
                    what,
                    " has an alpha_pattern of ",
                    patterns.size(),
                    " entries, expected an object of at most ",
                    kMaxPatterns));
  }
  int64_t expressions = 0;
  patterns.for_each_member([&](const std::string& pattern, const Json& alpha) {
    result.emplace_back(pattern, checked_alpha(alpha.as_double(), "alpha_pattern", what));
    if (!is_plain_pattern(pattern)) ++expressions;
  });
  if (expressions > kMaxExpressions) {
    throw Error(ErrorCode::CorruptFile,
                str("lora: ",
                    what,
                    " has ",
                    expressions,
                    " regular expressions in alpha_pattern, at most ",
                    kMaxExpressions,
                    " are read"));
  }
  return result;
}

Json member(const Json& object, const std::string& key) {
  return object.contains(key) ? object.at(key) : Json();
}

// The keys that PEFT and diffusers share; diffusers puts a prefix before each.
LoraConfig parse_fields(const Json& json, const std::string& prefix, const std::string& what) {
  LoraConfig config;
  const Json alpha = member(json, prefix + "lora_alpha");
  if (!alpha.is_null()) config.alpha = checked_alpha(alpha.as_double(), "lora_alpha", what);
  config.alpha_pattern = parse_patterns(member(json, prefix + "alpha_pattern"), what);
  config.use_rslora = json.get(prefix + "use_rslora", false);
  config.use_dora = json.get(prefix + "use_dora", false);
  if (json.get(prefix + "fan_in_fan_out", false)) {
    throw Error(ErrorCode::Unsupported,
                str("lora: ",
                    what,
                    " has fan_in_fan_out: its matrices are transposed, which no ACE-Step adapter "
                    "needs"));
  }
  return config;
}

double parse_number(const std::string& text, const std::string& label, const std::string& what) {
  double value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc() && parsed.ptr == end) return checked_alpha(value, label, what);
  throw Error(
      ErrorCode::CorruptFile,
      str("lora: ", what, " has ", label, " '", text, "' in its metadata, expected a number"));
}

}  // namespace

std::optional<double> LoraConfig::alpha_of(std::string_view module) const {
  for (const auto& [pattern, value] : alpha_pattern) {
    if (pattern == module) return value;
  }
  if (module.size() > kMaxMatchedName) return alpha;
  for (const auto& [pattern, value] : alpha_pattern) {
    if (matches_module(pattern, module)) return value;
  }
  return alpha;
}

LoraConfig parse_adapter_config(const Json& json, const std::string& what) {
  return blame_file(what, [&] {
    const std::string type = json.get("peft_type", "");
    if (type.empty()) {
      throw Error(ErrorCode::CorruptFile,
                  str("lora: ", what, " has no peft_type, so it describes no adapter"));
    }
    if (type != "LORA") {
      throw Error(ErrorCode::Unsupported,
                  str("lora: ", what, " has peft_type ", type, ", expected LORA"));
    }
    return parse_fields(json, "", what);
  });
}

LoraConfig parse_lora_metadata(const Json& metadata, const std::string& what) {
  return blame_file(what, [&] {
    LoraConfig config;
    const std::string diffusers = metadata.get("lora_adapter_metadata", "");
    if (!diffusers.empty()) {
      config = parse_fields(Json::parse(diffusers, what), "transformer.", what);
    }
    const std::string alpha = metadata.get("lora_alpha", "");
    if (!alpha.empty()) config.alpha = parse_number(alpha, "lora_alpha", what);
    const std::string lokr = metadata.get("lokr_config", "");
    if (!lokr.empty()) {
      const Json json = Json::parse(lokr, what);
      if (!member(json, "linear_dim").is_null()) config.linear_dim = json.at("linear_dim").as_int();
      if (!member(json, "linear_alpha").is_null()) {
        config.alpha = checked_alpha(json.at("linear_alpha").as_double(), "linear_alpha", what);
      }
      config.use_rslora = json.get("rs_lora", false);
    }
    if (config.linear_dim && *config.linear_dim < 1) {
      throw Error(
          ErrorCode::CorruptFile,
          str("lora: ", what, " has linear_dim ", *config.linear_dim, ", expected 1 or more"));
    }
    return config;
  });
}

}  // namespace ams
