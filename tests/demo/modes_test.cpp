// Every mode does audibly what it says, heard on songs of the built-in model.
#include <algorithm>

#include "demo/built_in_model.h"
#include "demo/random_adapter.h"
#include "support/song_measures.h"

namespace ams {
namespace {

class BuiltInModes : public BuiltInModel {
 protected:
  // Ten seconds behind the song of a prompt.
  static AudioBuffer extended(size_t prompt) {
    auto request = quick<ExtendRequest>(kPrompts[prompt], 5);
    request.seed_audio = file_of(prompt);
    request.extra_duration_seconds = 10;
    request.repaint.crossfade_seconds = 1.0;
    return make(request).audio;
  }
};

constexpr int64_t kRate = 48000;

AudioBuffer part_of(const AudioBuffer& song, double begin_seconds, double end_seconds) {
  return slice_audio(
      song, static_cast<int64_t>(begin_seconds * kRate), static_cast<int64_t>(end_seconds * kRate));
}

bool are_equal(const AudioBuffer& a, const AudioBuffer& b) {
  return a.samples.data == b.samples.data;
}

TEST_F(BuiltInModes, extend_keeps_the_seed) {
  const AudioBuffer song = extended(2);
  ASSERT_EQ(song.length(), 20 * kRate);
  EXPECT_TRUE(are_equal(part_of(song, 0, 9), part_of(song_of(2), 0, 9)));
  EXPECT_LT(silent_share(part_of(song, 10, 20)), 0.05);
}

TEST_F(BuiltInModes, extend_keeps_the_tempo) {
  if (!kPlaysInTime) GTEST_SKIP() << "this edition of the built-in model does not play in time";
  const AudioBuffer added = part_of(extended(2), 10, 20);
  EXPECT_TRUE(has_tempo(added, tempo_of(song_of(2))))
      << tempo_of(added) << " after " << tempo_of(song_of(2));
}

TEST_F(BuiltInModes, repaint_leaves_the_rest_alone) {
  auto request = quick<EditRequest>(kPrompts[1], 5);
  request.source_audio = file_of(1);
  request.segment_start_seconds = 4;
  request.segment_end_seconds = 6;
  const AudioBuffer song = make(request).audio;
  const AudioBuffer& source = song_of(1);
  ASSERT_EQ(song.length(), source.length());
  EXPECT_TRUE(are_equal(part_of(song, 0, 3.99), part_of(source, 0, 3.99)));
  EXPECT_TRUE(are_equal(part_of(song, 6.01, 10), part_of(source, 6.01, 10)));
  EXPECT_FALSE(are_equal(part_of(song, 4, 6), part_of(source, 4, 6)));
  EXPECT_LT(silent_share(part_of(song, 4, 6)), 0.1);
}

TEST_F(BuiltInModes, cover_follows_the_harmony_of_its_source) {
  if (!kCoversFollowHarmony) GTEST_SKIP() << "the codes of this edition hold too little harmony";
  auto request = quick<CoverRequest>(kPrompts[2], 5);
  request.advanced.bpm.reset();  // nothing but the clip says what to play
  request.advanced.keyscale.clear();
  request.ref_audio = file_of(0);
  request.duration_seconds = 10;
  const AudioBuffer cover = make(request).audio;
  const double own = harmony_likeness(cover, song_of(0));
  const double other = harmony_likeness(cover, song_of(2));
  RecordProperty("own", std::to_string(own));
  RecordProperty("other", std::to_string(other));
  EXPECT_GT(own, other + 0.1);
}

TEST_F(BuiltInModes, flow_edit_with_equal_prompts_returns_the_source) {
  auto request = quick<EditRequest>(kPrompts[0], 5);
  request.sub_mode = EditMode::FlowEdit;
  request.source_audio = file_of(0);
  request.flow_source_caption = request.prompt;
  const AudioBuffer same = make(request).audio;
  request.prompt = kPrompts[3].caption;
  const AudioBuffer moved = make(request).audio;
  ASSERT_EQ(same.length(), song_of(0).length());
  // The source has passed through the autoencoder once more, which alone leaves about 0.9.
  const double kept = harmony_likeness(same, song_of(0));
  RecordProperty("kept", std::to_string(kept));
  EXPECT_GT(kept, 0.8);
  EXPECT_GT(kept, harmony_likeness(moved, song_of(0)));
}

TEST_F(BuiltInModes, adapters_change_the_song_by_their_strength) {
  GenerateRequest request = ten_seconds(kPrompts[0], 7);
  request.loras = {{write_random_adapter(folder() / "adapter", song_config()).string(), 0.0}};
  EXPECT_TRUE(are_equal(make(request).audio, song_of(0)));
  request.loras[0].strength = 1.0;
  const SongResult full = make(request);
  EXPECT_GT(full.report.loras.at(0).modules_applied, 0);
  EXPECT_FALSE(are_equal(full.audio, song_of(0)));
}

}  // namespace
}  // namespace ams
