#include "server/markdown_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/str.h"

namespace ams {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// Text with `code` in it.
std::string inline_html(std::string_view text) {
  std::string out;
  bool is_code = false;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('`', begin), text.size());
    const std::string piece = escaped(text.substr(begin, end - begin));
    out += is_code ? str("<code>", piece, "</code>") : piece;
    is_code = !is_code;
    begin = end + 1;
  }
  return out;
}

// The cells of "| a | b |"; "\|" is a bar in a cell.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(cell);
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

// Writes line after line, closing what a line of another kind ends.
class PageWriter {
 public:
  void add(std::string_view line) {
    if (line.starts_with("```")) {
      open(is_fenced_ ? "" : "pre");
      is_fenced_ = !is_fenced_;
    } else if (is_fenced_) {
      html_ += escaped(line) + "\n";
    } else if (line.starts_with('#')) {
      open("");
      const size_t level = line.find(' ');
      html_ += str("<h", level, ">", inline_html(line.substr(level + 1)), "</h", level, ">\n");
    } else if (line.starts_with("| ---")) {
      is_head_ = false;
    } else if (line.starts_with('|')) {
      if (block_ != "table") is_head_ = true;
      open("table");
      add_row(line);
    } else if (line.starts_with("- ")) {
      open("ul");
      html_ += str("<li>", inline_html(line.substr(2)), "</li>\n");
    } else {
      open(line.empty() ? "" : "p");
      html_ += inline_html(line) + "\n";
    }
  }

  std::string take() {
    open("");
    return std::move(html_);
  }

 private:
  void open(std::string_view block) {
    if (block == block_) return;
    if (!block_.empty()) html_ += str("</", block_, ">\n");
    if (!block.empty()) html_ += str("<", block, ">");
    block_ = block;
  }

  void add_row(std::string_view line) {
    const char* tag = is_head_ ? "th" : "td";
    html_ += "<tr>";
    for (const std::string& cell : cells_of(line)) {
      html_ += str("<", tag, ">", inline_html(cell), "</", tag, ">");
    }
    html_ += "</tr>\n";
  }

  std::string html_;
  std::string_view block_;  // the element that is open
  bool is_fenced_ = false;
  bool is_head_ = false;
};

}  // namespace

std::string markdown_page(std::string_view title,
                          std::string_view stylesheet,
                          std::string_view markdown) {
  PageWriter writer;
  while (!markdown.empty()) {
    const size_t end = std::min(markdown.find('\n'), markdown.size());
    writer.add(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
             escaped(title),
             "</title>\n<link rel=\"stylesheet\" href=\"",
             stylesheet,
             "\">\n</head>\n<body>\n<main>\n",
             writer.take(),
             "</main>\n</body>\n</html>\n");
}

}  // namespace ams
