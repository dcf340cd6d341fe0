#include "studio/song_progress.h"

namespace ams {

SongProgress::SongProgress(const JobContext& job)
    : job_(job), watched_(job), loading_([this](std::string_view network) { load(network); }) {
  watched_.progress = [this](const Progress& event) {
    stage_ = event.stage;
    latest_ = {.stage = {}, .fraction = event.fraction, .step = event.step, .total = event.total};
    job_.progress(event);
  };
}

void SongProgress::load(std::string_view network) {
  if (!network.empty()) {
    job_.progress({.stage = "loading", .message = network});
    return;
  }
  if (stage_.empty()) return;
  Progress again = latest_;
  again.stage = stage_;
  job_.progress(again);
}

}  // namespace ams
