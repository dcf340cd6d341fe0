#include "studio/post/audio_facts.h"

#include <system_error>

#include "base/sha256.h"
#include "studio/post/post_source.h"

namespace ams {

AudioFacts audio_facts(const std::filesystem::path& path, const JobContext& job) {
  AudioFacts facts;
  DecodedAudio decoded = read_post_source(path, job);
  facts.source = std::move(decoded.source);
  report_stage(job, "loudness", 0.0);
  facts.loudness = measure_loudness(decoded.audio);
  facts.sha256 = sha256_of_file(path);
  std::error_code ignored;
  facts.bytes = static_cast<int64_t>(std::filesystem::file_size(path, ignored));
  report_stage(job, "loudness", 1.0);
  return facts;
}

std::string request_in_audio(const std::filesystem::path& path) {
  return probe_audio_file(path, post_limits({})).tags.request_json;
}

}  // namespace ams
