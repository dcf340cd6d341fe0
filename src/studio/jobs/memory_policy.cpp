#include "studio/jobs/memory_policy.h"

#include <algorithm>
#include <array>

namespace ams {

std::vector<ModelPart> parts_to_put_away(const MemoryNeed& need, std::span<const HeldModel> held) {
  std::vector<ModelPart> parts;
  if (!need.free_bytes) return parts;
  size_t available = *need.free_bytes;
  for (const ModelPart part : std::array{ModelPart::Stems, ModelPart::Lyrics, ModelPart::Song}) {
    if (available >= need.bytes + need.headroom_bytes) break;
    const auto model = std::find_if(
        held.begin(), held.end(), [&](const HeldModel& each) { return each.part == part; });
    if (model == held.end() || model->is_in_use || model->bytes == 0 || part == need.part) continue;
    available += model->bytes;
    parts.push_back(part);
  }
  return parts;
}

std::string_view model_part_name(ModelPart part) {
  switch (part) {
    case ModelPart::Stems:
      return "stem networks";
    case ModelPart::Lyrics:
      return "lyrics networks";
    case ModelPart::Song:
      return "song networks";
  }
  return "";
}

}  // namespace ams
