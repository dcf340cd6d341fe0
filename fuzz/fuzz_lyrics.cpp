// Whatever a model writes as lyrics: the normal form keeps its promises, and where the text is cut
// into pieces does not matter to the end markers. The same bytes are read as a request, too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/lyrics_json.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "studio/lyrics/end_marker.h"
#include "studio/lyrics/lyrics_text.h"

namespace ams {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_normal_form(std::string_view text) {
  const std::string lyrics = normalise_lyrics(text);
  require(lyrics.find('\r') == std::string::npos);
  require(lyrics.find("\n\n\n") == std::string::npos);
  require(lyrics.empty() || lyrics.back() == '\n');
  require(!is_utf8(text) || is_utf8(lyrics));
  missing_sections(text, lyrics);
}

std::string filtered(std::string_view text, size_t piece) {
  EndMarkerFilter filter;
  std::string passed;
  for (size_t i = 0; i < text.size(); i += piece) passed += filter.push(text.substr(i, piece));
  passed += filter.finish();
  require(text.substr(0, passed.size()) == passed);
  return passed;
}

void read_request(std::string_view text) {
  std::vector<std::string> warnings;
  Json body;
  try {
    body = lyrics_request_json(parse_lyrics_request(Json::parse(text, "fuzz"), warnings));
  } catch (const Error&) {
    return;
  }
  // Whatever was accepted must be accepted again, without a warning: an error here is a defect.
  warnings.clear();
  require(lyrics_request_json(parse_lyrics_request(body, warnings)) == body && warnings.empty());
}

}  // namespace
}  // namespace ams

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (size > 4096) return 0;  // lines of white space are looked at again with every byte
  ams::check_normal_form(text);
  ams::require(ams::filtered(text, 1) == ams::filtered(text, size + 1));
  ams::require(ams::filtered(text, 3) == ams::filtered(text, 1));
  ams::read_request(text);
  return 0;
}
