// Anything as a request body: it is rejected with ams::Error, or it is valid, and then writing it
// and reading it again gives the same request.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/request_json.h"
#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  ams::Json body;
  try {
    std::vector<std::string> warnings;
    body =
        ams::song_request_json(ams::parse_song_request(ams::Json::parse(text, "fuzz"), warnings));
  } catch (const ams::Error&) {
    return 0;
  }
  // Whatever was accepted must be accepted again, without a warning: an error here is a defect.
  std::vector<std::string> warnings;
  const ams::Json again = ams::song_request_json(ams::parse_song_request(body, warnings));
  if (!warnings.empty() || !(again == body)) std::abort();
  return 0;
}
