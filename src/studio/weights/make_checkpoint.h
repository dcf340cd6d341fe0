// Full-size checkpoints of random numbers in the published layout: what proves loading, memory and
// speed where the published files cannot be downloaded. They sound like noise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ams {

struct CheckpointOptions {
  std::string config;            // a name of network_size_names()
  std::filesystem::path folder;  // made if missing
  uint64_t seed = 1;
};

// Writes the song model (XL: four shards of fp32 and their index; others one bf16 file), the VAE,
// the text encoder and the planner with their configurations and tokenizers. `observe` is told
// before each folder. One tensor is in memory at a time. Throws InvalidRequest for an unknown
// configuration or one that is already there, and as write_safetensors().
void make_checkpoint(const CheckpointOptions& options,
                     const std::function<void(std::string_view folder)>& observe);

}  // namespace ams
