// Whether a tokenizer belongs to its model.
#pragma once

#include <cstdint>
#include <filesystem>

#include "text/tokenizer.h"

namespace ams {

// A tokenizer may know fewer tokens than the padded table of its model, never more. `folder` is
// named in the message. Throws CorruptFile.
void check_vocabulary(const Tokenizer& tokenizer,
                      int64_t embeddings,
                      const std::filesystem::path& folder);

}  // namespace ams
