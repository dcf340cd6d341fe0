// Which idle models make room for another one (studio.md 6.1). Pure: numbers in, a list out.
//
// Invariants:
// - With unknown free memory (CPU, Metal) nothing is put away.
// - Nothing is put away if what is needed fits and the headroom stays free.
// - The order is stems, lyrics, song; as many as it takes, not more.
// - What is in use, empty or wanted itself is never put away.
// - If all of them do not suffice, all of them go: the load is tried, and may fail, with the most
//   memory that there can be.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ams {

enum class ModelPart { Stems, Lyrics, Song };

std::string_view model_part_name(ModelPart part);  // "song networks", …

struct HeldModel {
  ModelPart part = ModelPart::Song;
  size_t bytes = 0;  // on the device
  bool is_in_use = false;
};

struct MemoryNeed {
  ModelPart part = ModelPart::Song;  // that is about to be loaded
  size_t bytes = 0;                  // what that takes, besides what it holds already
  size_t headroom_bytes = 0;
  std::optional<size_t> free_bytes;  // of the device; absent: unknown
};

// In the order in which they are to be put away.
std::vector<ModelPart> parts_to_put_away(const MemoryNeed& need, std::span<const HeldModel> held);

}  // namespace ams
