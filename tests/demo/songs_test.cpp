// The built-in model makes music: loudness, life, tempo, and the same song twice.
#include <algorithm>
#include <cmath>

#include "audio/loudness.h"
#include "demo/built_in_model.h"
#include "support/song_measures.h"

namespace ams {
namespace {

class BuiltInSongs : public BuiltInModel {};

TEST_F(BuiltInSongs, are_neither_silent_nor_too_loud) {
  for (size_t i = 0; i < std::size(kPrompts); ++i) {
    const AudioBuffer& song = song_of(i);
    EXPECT_EQ(song.length(), 480000);
    require_finite(song, kPrompts[i].caption);
    const auto loudness = measure_loudness(song).integrated_lufs;
    ASSERT_TRUE(loudness) << kPrompts[i].caption;
    EXPECT_GT(*loudness, -30.0) << kPrompts[i].caption;
    EXPECT_LT(*loudness, -8.0) << kPrompts[i].caption;
    EXPECT_LT(silent_share(song), 0.05) << kPrompts[i].caption;
    const auto samples = song.samples.data;
    const auto clipped = std::count_if(
        samples.begin(), samples.end(), [](float sample) { return std::fabs(sample) >= 0.9999f; });
    EXPECT_LT(static_cast<double>(clipped), 1e-4 * static_cast<double>(samples.size()));
  }
}

TEST_F(BuiltInSongs, have_the_requested_tempo) {
  if (!kPlaysInTime) GTEST_SKIP() << "this edition of the built-in model does not play in time";
  size_t right = 0;
  for (size_t i = 0; i < std::size(kPrompts); ++i) {
    const auto bpm = static_cast<double>(kPrompts[i].bpm);
    right += has_tempo(song_of(i), bpm) ? 1 : 0;
    RecordProperty("tempo_" + std::to_string(i), std::to_string(tempo_of(song_of(i))));
  }
  EXPECT_GE(right, std::size(kPrompts) - 1);
}

TEST_F(BuiltInSongs, same_request_and_seed_give_the_same_bytes) {
  GenerateRequest request = ten_seconds(kPrompts[0], 3);
  request.duration_seconds = 5;
  request.lm = {};  // with the planner
  request.lm.use_cot_caption = false;
  const SongResult first = make(request);
  EXPECT_TRUE(first.report.lm_used);
  EXPECT_EQ(first.audio.samples.data, make(request).audio.samples.data);
  request.seed = 4;
  EXPECT_NE(first.audio.samples.data, make(request).audio.samples.data);
}

}  // namespace
}  // namespace ams
