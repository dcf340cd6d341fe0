#include "studio/codec_survey.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "audio/decode.h"
#include "audio/encode.h"
#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// A folder of its own for the time of the check.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "ams-codecs-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw Error(ErrorCode::Internal, str("codecs: no temporary folder like ", name));
    }
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

AudioBuffer tone() {
  AudioBuffer audio = silent_audio(48000, 2, 12000);
  for (int64_t channel = 0; channel < audio.channels(); ++channel) {
    float phase = 0;
    for (float& sample : audio.channel(channel)) sample = 0.3f * std::sin(phase += 0.05f);
  }
  return audio;
}

}  // namespace

std::vector<CodecCheck> survey_codecs() {
  const ScratchFolder folder;
  const AudioBuffer audio = tone();
  std::vector<CodecCheck> checks;
  for (const AudioFormat format : {AudioFormat::Wav16, AudioFormat::Mp3, AudioFormat::Flac}) {
    const AudioFormatInfo& info = audio_format_info(format);
    CodecCheck check{.format = std::string(info.name)};
    try {
      const fs::path path = folder.path() / str("tone", info.extension);
      EncodeOptions options;
      options.format = format;
      write_audio_file(path, audio, options);
      decode_audio_file(path, {});
    } catch (const Error& error) {
      check.fault = error.what();
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace ams
