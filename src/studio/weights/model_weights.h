// Opens the weights of a network's folder in the format that is asked for: from a file of that
// format beside the published ones, from the cache, or from the published files themselves.
#pragma once

#include <filesystem>
#include <memory>

#include "tensor/weight_file.h"
#include "tensor/weight_format.h"

namespace ams {

// Where quantised weights are kept from one start of the program to the next. Empty: nowhere.
//
// A file is named after the identity of its source, its format and the version of the table of
// formats, and appears whole or not at all, so several processes may share a folder. A file that
// cannot be read or does not hold what its source asks for is made again. A folder that cannot be
// written is no error: then every start quantises while it loads.
struct QuantCache {
  std::filesystem::path folder;
};

// Tensors as they lie in the file that was chosen; for WeightStore::load() with the same precision.
// Throws as open_weights().
std::shared_ptr<const WeightFile> open_model_weights(const std::filesystem::path& folder,
                                                     Precision precision,
                                                     const QuantCache& cache);

}  // namespace ams
