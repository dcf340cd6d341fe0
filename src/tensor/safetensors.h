// Safetensors files: an 8-byte length, a JSON header, and the tensors' bytes without a gap.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "tensor/weight_file.h"

namespace ams {

// A parsed header, with tensors in the order of their bytes.
struct SafetensorsContent {
  std::vector<StoredTensor> tensors;  // bytes point into the span that was parsed
  Json metadata;                      // "__metadata__": an object of strings, perhaps empty
};

// Parses a whole file's bytes. `what` names it in messages. Throws CorruptFile if the header
// reaches past the end, is no JSON object of the format, names a wrong dtype, has a name twice or
// one that is not UTF-8, or if ranges overlap, leave a gap, are out of range or do not have the
// size that dtype and shape ask for. Throws Unsupported for headers above 100 MB.
SafetensorsContent parse_safetensors(std::span<const std::byte> bytes, const std::string& what);

// Opens one file; its bytes stay mapped. Throws as parse_safetensors, and NotFound.
std::shared_ptr<const WeightFile> open_safetensors(const std::filesystem::path& path);

// Opens the shards that `<name>.safetensors.index.json` lists, which lie beside it. Throws NotFound
// naming a missing shard, CorruptFile if the index and the shards do not list the same tensors or
// their total size differs from the index's `metadata.total_size`.
std::shared_ptr<const WeightFile> open_safetensors_index(const std::filesystem::path& path);

}  // namespace ams
