#include "planner/reasoning_writer.h"

#include <algorithm>
#include <string_view>

#include "base/str.h"
#include "planner/yaml_scalar.h"

namespace ams {
namespace {

void append_line(std::string& block, std::string_view key, std::string_view written_value) {
  if (!block.empty()) block += '\n';
  block += str(key, ": ", written_value);
}

void append_text(std::string& block, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  append_line(block, key, yaml_scalar(value, static_cast<int64_t>(key.size()) + 2));
}

// The planner knows "4/4" as the number 4.
void append_time_signature(std::string& block, std::string_view signature) {
  const size_t over_four = signature.find("/4");
  if (over_four != std::string_view::npos && over_four + 2 == signature.size()) {
    signature = signature.substr(0, over_four);
  }
  const bool is_number =
      !signature.empty() &&
      std::all_of(signature.begin(), signature.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    append_line(block, "timesignature", signature);
  } else {
    append_text(block, "timesignature", signature);
  }
}

}  // namespace

std::string write_reasoning(const SongMetadata& metadata) {
  std::string block;
  if (metadata.bpm) append_line(block, "bpm", std::to_string(*metadata.bpm));
  append_text(block, "caption", metadata.caption);
  if (metadata.duration_seconds) {
    append_line(block, "duration", std::to_string(*metadata.duration_seconds));
  }
  append_text(block, "keyscale", metadata.key_scale);
  append_text(block, "language", metadata.language);
  append_time_signature(block, metadata.time_signature);
  return block;
}

}  // namespace ams
