// Audio files of unknown origin: decoding ends with samples inside the limits or with an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "audio/decode.h"
#include "audio/resample.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ams::DecodeOptions options;
  options.max_bytes = int64_t{1} << 20;
  options.max_seconds = 3.0;
  try {
    const ams::DecodedAudio decoded =
        ams::decode_audio(std::as_bytes(std::span(data, size)), "fuzz", options);
    const bool within = decoded.audio.seconds() <= options.max_seconds &&
                        decoded.audio.channels() <= options.kept_channels &&
                        decoded.audio.length() > 0;
    if (!within) std::abort();
    ams::to_studio_format(decoded.audio);
  } catch (const ams::Error& error) {
    if (error.code() == ams::ErrorCode::Internal) std::abort();
  }
  return 0;
}
