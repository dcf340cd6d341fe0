// For builds of the engine alone.
#include "base/error.h"
#include "studio/bench/bench_post.h"

namespace ams {

bool is_post_stage(std::string_view stage) {
  return stage == "stems" || stage == "loudness" || stage == "mp3" || stage == "decode-audio";
}

BenchReport run_post_bench(const BenchOptions&, const JobContext&) {
  throw Error(ErrorCode::Unsupported, "bench: this build has no audio files");
}

}  // namespace ams
