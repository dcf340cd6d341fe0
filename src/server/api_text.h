// The sentences of the API's documents: what no table says.
#pragma once

#include <span>
#include <string_view>

namespace ams {

// A heading and paragraphs of plain Markdown: text, `code`, lists with "- ", fenced examples.
struct ApiChapter {
  std::string_view title;
  std::string_view text;
};

// In order. Immutable; thread-safe.
std::span<const ApiChapter> api_chapters();

}  // namespace ams
