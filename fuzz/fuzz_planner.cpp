// Anything as a planner's output: the parsers must accept it, and what they read must be writable.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/str.h"
#include "planner/code_string.h"
#include "planner/reasoning_parser.h"
#include "planner/reasoning_writer.h"
#include "planner/song_prompt.h"
#include "planner/yaml_scalar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  ams::parse_lyrics(text);
  for (const int32_t code : ams::parse_audio_codes(text)) {
    if (code < 0 || code >= ams::kNumAudioCodes) std::abort();
  }
  const ams::SongMetadata metadata = ams::parse_reasoning(text);
  ams::write_reasoning(metadata);
  ams::yaml_scalar(text, 9);
  ams::yaml_unquote(text);
  if (ams::is_utf8(text) && text.find('\0') == std::string_view::npos) {
    ams::song_text_prompt({.caption = std::string(text)});
  }
  return 0;
}
