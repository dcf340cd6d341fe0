// Cuts a text into the pieces inside which byte pairs may be merged.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace ams {

// A regular expression of a tokenizer file, run by PCRE2 (just-in-time compiled where the system
// allows it). Immutable; thread-safe.
class PreSplitter {
 public:
  // Throws Unsupported if PCRE2 rejects the pattern or it has more than 4096 bytes.
  explicit PreSplitter(std::string_view pattern);
  ~PreSplitter();
  PreSplitter(const PreSplitter&) = delete;
  PreSplitter& operator=(const PreSplitter&) = delete;

  // Every match is a piece, and so is every stretch between matches ("isolated" in tokenizer.json).
  // `text` must be UTF-8 and outlive the result. Throws Unsupported if the pattern matches the
  // empty string or needs more steps or memory than PCRE2 is given.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Program;
  std::unique_ptr<const Program> program_;
};

}  // namespace ams
