// Loads every network of a copied checkpoint, as the engine does.
#pragma once

#include "hostile/broken_checkpoint.h"
#include "studio/models/song_model.h"

namespace ams {

inline void load_model(const BrokenCheckpoint& checkpoint) {
  const std::filesystem::path root = checkpoint.root();
  const auto device = Device::open({"cpu", /*threads=*/1});
  SongModel model(find_song_model(root.string(), "", {&root, 1}), *device, {});
  model.load({});
  model.planner({});
}

}  // namespace ams
