#include "audio/audio_buffer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/str.h"

namespace ams {

AudioBuffer silent_audio(int64_t sample_rate, int64_t channels, int64_t length) {
  return AudioBuffer{sample_rate, FloatArray({channels, length})};
}

AudioBuffer slice_audio(const AudioBuffer& audio, int64_t begin, int64_t end) {
  if (begin < 0 || end < begin || end > audio.length()) {
    throw Error(ErrorCode::InvalidRequest,
                str("audio: range of samples [",
                    begin,
                    ", ",
                    end,
                    ") lies outside the audio of ",
                    audio.length(),
                    " samples"));
  }
  AudioBuffer part = silent_audio(audio.sample_rate, audio.channels(), end - begin);
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto source =
        audio.channel(c).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    std::copy(source.begin(), source.end(), part.channel(c).begin());
  }
  return part;
}

AudioBuffer to_stereo(const AudioBuffer& audio) {
  require_well_formed(audio, "audio");
  if (audio.channels() == 2) return audio;
  AudioBuffer stereo = silent_audio(audio.sample_rate, 2, audio.length());
  for (int64_t c = 0; c < 2; ++c) {
    const auto source = audio.channel(std::min(c, audio.channels() - 1));
    std::copy(source.begin(), source.end(), stereo.channel(c).begin());
  }
  return stereo;
}

std::vector<float> mono_mix(const AudioBuffer& audio) {
  std::vector<float> mono(static_cast<size_t>(audio.length()), 0.0f);
  const float weight = 1.0f / static_cast<float>(std::max<int64_t>(audio.channels(), 1));
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto source = audio.channel(c);
    for (size_t i = 0; i < mono.size(); ++i) mono[i] += weight * source[i];
  }
  return mono;
}

void clamp_to_full_scale(AudioBuffer& audio) {
  for (float& sample : audio.samples.data) sample = std::clamp(sample, -1.0f, 1.0f);
}

void require_finite(const AudioBuffer& audio, std::string_view what) {
  for (int64_t c = 0; c < audio.channels(); ++c) {
    const auto samples = audio.channel(c);
    for (size_t i = 0; i < samples.size(); ++i) {
      if (std::isfinite(samples[i])) continue;
      throw Error(ErrorCode::CorruptFile,
                  str("audio: ",
                      what,
                      " has the value ",
                      samples[i],
                      " at sample ",
                      i,
                      " of channel ",
                      c,
                      ", expected finite numbers; the program that made it is at fault"));
    }
  }
}

void require_well_formed(const AudioBuffer& audio, std::string_view what) {
  const bool shaped = audio.samples.shape.size() == 2 && audio.channels() >= 1 &&
                      audio.length() >= 0 && audio.sample_rate > 0 &&
                      audio.samples.size() == audio.channels() * audio.length();
  if (shaped) return;
  throw Error(ErrorCode::InvalidRequest,
              str("audio: ",
                  what,
                  " has shape ",
                  shape_str(audio.samples.shape),
                  " at ",
                  audio.sample_rate,
                  " Hz, expected [channels, samples] and a positive rate"));
}

}  // namespace ams
