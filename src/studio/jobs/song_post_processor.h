// What the studio's post-processing lane does to finished songs.
#pragma once

#include <memory>
#include <utility>

#include "studio/jobs/studio_parts.h"
#include "studio/post/stems.h"

namespace ams {

// Stems, a version of -14 LUFS, MP3 and FLAC of a result's song. The stem separator loads with the
// first request for stems and stays as long as this object. Confined to the thread of the
// post-processing lane.
class SongPostProcessor : public PostProcessor {
 public:
  explicit SongPostProcessor(StemOptions stems) : stem_options_(std::move(stems)) {}

  PostReport run(const PostTask& task, const JobContext& job) override;
  void preload(const JobContext& job) override;
  size_t weight_bytes() const override;

 private:
  PostReport separate(const PostTask& task, const JobContext& job);

  StemOptions stem_options_;
  std::unique_ptr<StemSplitter> splitter_;  // null: not loaded
};

}  // namespace ams
