// Where the lyrics model is and what its checkpoint says about the form of its answers.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace ams {

struct LyricsModelFiles {
  std::string name;               // of the model, or of its folder
  std::filesystem::path folder;   // config.json, weights, tokenizer
  bool closes_reasoning = false;  // answers begin with reasoning unless the prompt closes it
};

// `model`: a folder, the name of a lyrics model in `folders`, or empty for the best one there is.
// Throws NotFound naming what is missing, where it was looked for and how to install it.
LyricsModelFiles find_lyrics_model(const std::string& model,
                                   std::span<const std::filesystem::path> folders);

}  // namespace ams
