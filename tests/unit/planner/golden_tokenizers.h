// The tokenizers of the golden data, with what a test needs around them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "text/tokenizer.h"

namespace ams {

// A file or folder of the golden data, or nullopt where that is not installed.
std::optional<std::filesystem::path> find_golden(const std::string& relative);

// The real Qwen3 tokenizer, extended as the planner's (audio codes from id 151669 on) and as the
// text encoder's (one <|endoftext|> appended). nullptr without golden data.
std::shared_ptr<const Tokenizer> real_planner_tokenizer();

}  // namespace ams
