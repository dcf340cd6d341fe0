#include "studio/lyrics/end_marker.h"

#include <algorithm>

#include "planner/plain_text.h"

namespace ams {
namespace {

constexpr std::string_view kClosingTag = "</lyrics>";
constexpr std::string_view kEndLine = "[end]";

bool is_end_line(std::string_view line) { return to_lower(strip(line)) == kEndLine; }

// Whether more text could make `line` an end line.
bool may_become_end_line(std::string_view line) {
  const std::string_view seen = strip(line);
  return is_end_line(line) || kEndLine.starts_with(to_lower(seen));
}

// The length of the longest end of `text` that is a start of the closing tag.
size_t begun_closing_tag(std::string_view text) {
  for (size_t length = std::min(text.size(), kClosingTag.size()); length > 0; --length) {
    if (to_lower(text.substr(text.size() - length)) == kClosingTag.substr(0, length)) return length;
  }
  return 0;
}

}  // namespace

std::string EndMarkerFilter::push(std::string_view piece) {
  std::string out;
  for (const char byte : piece) {
    if (found_) break;
    push(byte, out);
  }
  return out;
}

void EndMarkerFilter::push(char byte, std::string& out) {
  held_ += byte;
  const size_t begun = begun_closing_tag(held_);
  if (begun == kClosingTag.size()) {
    held_.resize(held_.size() - begun);
    release(0, out);
    found_ = true;
  } else if (byte == '\n') {
    found_ = holds_line_ && is_end_line(held_);
    if (found_) held_.clear();
    release(0, out);
    holds_line_ = true;
  } else if (!holds_line_ || !may_become_end_line(held_)) {
    release(begun, out);
  }
}

std::string EndMarkerFilter::finish() {
  std::string out;
  if (holds_line_ && is_end_line(held_)) {
    held_.clear();
    found_ = true;
  }
  release(0, out);
  return out;
}

void EndMarkerFilter::release(size_t kept, std::string& out) {
  const size_t passed = held_.size() - kept;
  out.append(held_, 0, passed);
  held_.erase(0, passed);
  if (passed > 0) holds_line_ = false;
}

}  // namespace ams
