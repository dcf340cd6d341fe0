// Writes a bare tensor as torch.save does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace ams {

// `values` in fp32, contiguous, with up to three dimensions. Throws NotFound if the file cannot be
// written, Unsupported if the disk is full. Appears whole or not at all.
void write_torch_tensor(const std::filesystem::path& path,
                        std::span<const int64_t> shape,
                        std::span<const float> values);

}  // namespace ams
