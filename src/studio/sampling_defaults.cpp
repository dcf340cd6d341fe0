#include "studio/sampling_defaults.h"

namespace ams {

SamplingDefaults sampling_defaults(ModelKind kind) {
  switch (kind) {
    case ModelKind::Sft:
      return {27, 1.0, 7.0};
    case ModelKind::Base:
      return {50, 1.0, 7.0};
    case ModelKind::Turbo:
      return {8, 3.0, 1.0};
  }
  return {27, 1.0, 7.0};
}

}  // namespace ams
