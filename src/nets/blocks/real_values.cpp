#include "nets/blocks/real_values.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// NaN is in no range.
float read_real(const Json& json,
                const char* name,
                double fallback,
                double smallest,
                double largest,
                std::string_view what) {
  const double value = json.get(name, fallback);
  if (value >= smallest && value <= largest) return static_cast<float>(value);
  throw Error(ErrorCode::CorruptFile,
              str(what, ": '", name, "' is ", value, ", expected ", smallest, " to ", largest));
}

}  // namespace

float read_norm_eps(const Json& json, std::string_view what) {
  return read_real(json, "rms_norm_eps", 1e-6, 0.0, 1.0, what);
}

float read_rope_theta(const Json& json, std::string_view what) {
  return read_real(json, "rope_theta", 1e6, 1.0, 1e12, what);
}

}  // namespace ams
