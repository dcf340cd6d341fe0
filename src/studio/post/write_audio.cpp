#include "studio/post/write_audio.h"

#include <algorithm>
#include <cstdint>

#include "studio/post/post_source.h"

namespace ams {

void write_audio(const std::filesystem::path& path,
                 const AudioBuffer& audio,
                 const EncodeOptions& options,
                 const JobContext& job) {
  constexpr int64_t kPieceSamples = int64_t{1} << 18;  // about 5 s
  report_stage(job, "writing", 0.0);
  AudioWriter writer(path, audio.sample_rate, audio.channels(), options);
  for (int64_t begin = 0; begin < audio.length(); begin += kPieceSamples) {
    throw_if_stopped(job, "output");
    const int64_t end = std::min(audio.length(), begin + kPieceSamples);
    writer.write(slice_audio(audio, begin, end).samples);
    report_stage(job, "writing", static_cast<double>(end) / static_cast<double>(audio.length()));
  }
  throw_if_stopped(job, "output");
  writer.finish();
}

AudioTags writable_tags(AudioTags tags) {
  std::erase_if(tags.user, [](const auto& entry) { return !is_tag_name(entry.first); });
  return tags;
}

}  // namespace ams
