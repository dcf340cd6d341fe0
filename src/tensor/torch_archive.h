// PyTorch's zip archives (`.pt`, `.pth`, `.th`), read without running what is pickled in them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/json.h"
#include "tensor/weight_file.h"

namespace ams {

// What torch.save wrote, tensors and plain values apart.
struct TorchArchive {
  // Names are the keys on the way to a tensor, joined with dots, without a leading "state." or
  // "state_dict." of a package. An archive that is one bare tensor has the name "tensor".
  std::shared_ptr<const WeightFile> tensors;
  // The values with tensors left out of dicts (null in lists and at the root). Tuples are arrays,
  // a Fraction is {"_type": "fraction", "numerator": 39, "denominator": 5}, a class is its full
  // name, skipped numpy values are null. Members whose key is neither text nor an integer are left
  // out.
  Json root;
};

// Parses an archive; the result holds copies. `what` names it in messages. Throws CorruptFile if
// the archive, its pickle or a tensor's storage, offset, shape or stride is at fault, Unsupported
// for anything but stored entries, protocol 2, little-endian storages and allowed globals.
TorchArchive parse_torch_archive(std::span<const std::byte> bytes, const std::string& what);

// Reads a file. Throws as parse_torch_archive, and NotFound.
TorchArchive read_torch_archive(const std::filesystem::path& path);

}  // namespace ams
