#include "diffusion/guidance.h"

#include <array>
#include <string>

#include "base/error.h"
#include "base/str.h"
#include "diffusion/adg.h"
#include "diffusion/apg.h"
#include "diffusion/plain_guidance.h"

namespace ams {
namespace {

template <typename Method>
std::unique_ptr<Guidance> make_guidance(const LatentShape& shape, double scale) {
  return std::make_unique<Method>(shape, scale);
}

std::unique_ptr<Guidance> make_none(const LatentShape& /*shape*/, double /*scale*/) {
  return nullptr;
}

constexpr std::array<GuidanceInfo, 4> kGuidances{{
    {"apg", "Adaptive projected guidance", make_guidance<AdaptiveProjectedGuidance>},
    {"adg", "Angle-based dynamic guidance", make_guidance<AngleGuidance>},
    {"cfg", "Classifier-free guidance", make_guidance<PlainGuidance>},
    {"none", "Off", make_none},
}};

}  // namespace

void Guidance::guide_corrector(const GuidanceInput& input, std::span<float> guided) {
  plain_guidance(input.conditional, input.unconditional, scale_, guided);
}

std::span<const GuidanceInfo> guidances() { return kGuidances; }

const GuidanceInfo& find_guidance(std::string_view name) {
  std::string known;
  for (const GuidanceInfo& info : kGuidances) {
    if (info.name == name) return info;
    known += str(known.empty() ? "" : ", ", info.name);
  }
  throw Error(ErrorCode::InvalidRequest,
              str("diffusion: guidance '", name, "' is unknown, expected one of ", known));
}

}  // namespace ams
