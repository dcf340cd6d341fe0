// A readable page of HTML from the plain Markdown of our own documents.
#pragma once

#include <string>
#include <string_view>

namespace ams {

// Understands headings, paragraphs, "- " lists, tables, fenced blocks and `code`; everything else
// is text and is escaped.
std::string markdown_page(std::string_view title,
                          std::string_view stylesheet,
                          std::string_view markdown);

}  // namespace ams
