#include "studio/song_progress.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"

namespace ams {
namespace {

using testing::ElementsAre;

TEST(SongProgress, an_interrupted_stage_is_told_again_when_the_network_is_there) {
  std::vector<std::string> told;
  JobContext asked;
  asked.progress = [&](const Progress& event) {
    told.push_back(str(event.stage, ' ', event.step, '/', event.total, ' ', event.message));
  };
  const SongProgress progress(asked);
  progress.loading()("planner");
  progress.loading()({});
  progress.job().progress({.stage = "encoding", .step = 2, .total = 5, .message = "clip"});
  progress.loading()("audio codec");
  progress.loading()({});
  EXPECT_THAT(
      told,
      ElementsAre(
          "loading 0/0 planner", "encoding 2/5 clip", "loading 0/0 audio codec", "encoding 2/5 "));
}

}  // namespace
}  // namespace ams
