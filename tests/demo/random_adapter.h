// A LoRA adapter of random numbers that fits a song model.
#pragma once

#include <filesystem>

namespace ams {

// A PEFT folder of rank 4 for the query projections of the self-attention of every layer of the
// model that `config` (a config.json) describes. Returns `folder`.
std::filesystem::path write_random_adapter(const std::filesystem::path& folder,
                                           const std::filesystem::path& config);

}  // namespace ams
