#include "audio/sample_format.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "base/str.h"

extern "C" {
#include <libavutil/samplefmt.h>
}

namespace ams {
namespace {

template <typename T>
float to_float(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<float>(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    return (static_cast<float>(value) - 128.0f) / 128.0f;  // 8-bit PCM is offset binary
  } else {
    constexpr double kScale = -1.0 / static_cast<double>(std::numeric_limits<T>::min());
    return static_cast<float>(static_cast<double>(value) * kScale);
  }
}

template <typename T>
bool append(const AVFrame& frame, bool planar, std::vector<std::vector<float>>& channels) {
  const auto stride = planar ? size_t{1} : static_cast<size_t>(frame.ch_layout.nb_channels);
  const auto count = static_cast<size_t>(frame.nb_samples);
  bool finite = true;
  for (size_t c = 0; c < channels.size(); ++c) {
    const auto* source = reinterpret_cast<const T*>(frame.extended_data[planar ? c : 0]);
    if (!planar) source += c;
    std::vector<float>& target = channels[c];
    const size_t start = target.size();
    target.resize(start + count);
    for (size_t i = 0; i < count; ++i) {
      const float value = to_float(source[i * stride]);
      finite = finite && std::isfinite(value);
      target[start + i] = value;
    }
  }
  return finite;
}

}  // namespace

bool append_frame(const AVFrame& frame, std::vector<std::vector<float>>& channels) {
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool planar = av_sample_fmt_is_planar(format) != 0;
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_U8:
      return append<uint8_t>(frame, planar, channels);
    case AV_SAMPLE_FMT_S16:
      return append<int16_t>(frame, planar, channels);
    case AV_SAMPLE_FMT_S32:
      return append<int32_t>(frame, planar, channels);
    case AV_SAMPLE_FMT_FLT:
      return append<float>(frame, planar, channels);
    case AV_SAMPLE_FMT_DBL:
      return append<double>(frame, planar, channels);
    default:
      throw Error(ErrorCode::Unsupported,
                  str("audio: decoded samples have format ", frame.format, ", which is unknown"));
  }
}

}  // namespace ams
