#include "planner/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace ams {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(KeyScale, short_forms_are_expanded) {
  EXPECT_EQ(normalise_key_scale("Am"), "A minor");
  EXPECT_EQ(normalise_key_scale("CM"), "C major");
  EXPECT_EQ(normalise_key_scale("Bb"), "Bb major");
  EXPECT_EQ(normalise_key_scale(" f#min "), "F# minor");
  EXPECT_EQ(normalise_key_scale("b"), "B major");
  EXPECT_EQ(normalise_key_scale("bb minor"), "Bb minor");
  EXPECT_EQ(normalise_key_scale("C Major"), "C major");
  EXPECT_EQ(normalise_key_scale("G♭ MAJ"), "G♭ major");
  EXPECT_EQ(normalise_key_scale("n/a"), "");
  EXPECT_EQ(normalise_key_scale("  "), "");
}

TEST(KeyScale, every_trained_form_is_its_own_normal_form) {
  EXPECT_EQ(key_scales().size(), 70u);
  for (const std::string& key : key_scales()) EXPECT_EQ(normalise_key_scale(key), key);
}

TEST(KeyScale, errors_name_the_accepted_form) {
  for (const char* key : {"H major", "A dorian", "A minor\nlanguage: xx", "♯ major", "\xFF"}) {
    EXPECT_THAT([&] { normalise_key_scale(key); },
                ThrowsMessage<Error>(HasSubstr("'F# minor' or 'Am'")));
  }
}

TEST(TimeSignature, fractions_become_their_numerator) {
  EXPECT_EQ(normalise_time_signature("4/4"), "4");
  EXPECT_EQ(normalise_time_signature("6/8"), "6");
  EXPECT_EQ(normalise_time_signature("3"), "3");
  EXPECT_EQ(normalise_time_signature(""), "");
  EXPECT_THROW(normalise_time_signature("5"), Error);
  EXPECT_THROW(normalise_time_signature("6/4"), Error);
}

TEST(Language, all_codes_of_the_planner_are_accepted) {
  EXPECT_EQ(languages().size(), 51u);
  EXPECT_EQ(normalise_language("EN"), "en");
  EXPECT_EQ(normalise_language(""), "unknown");
  EXPECT_THAT([] { normalise_language("tlh"); }, ThrowsMessage<Error>(HasSubstr("yue zh unknown")));
}

TEST(Metadata, out_of_range_values_are_refused) {
  EXPECT_EQ(normalise_metadata({.bpm = 0}).bpm, std::nullopt);
  EXPECT_EQ(normalise_metadata({.bpm = 30}).bpm, 30);
  EXPECT_THAT([] { normalise_metadata({.bpm = 301}); },
              ThrowsMessage<Error>(HasSubstr("bpm is 301, it must be 30 to 300")));
  EXPECT_THROW(normalise_metadata({.bpm = -1}), Error);
  EXPECT_THROW(normalise_metadata({.duration_seconds = 601}), Error);
  EXPECT_THROW(normalise_metadata({.caption = "\xC3"}), Error);
}

TEST(Metadata, the_user_wins_and_the_planner_fills_gaps) {
  const SongMetadata planned{.bpm = 90,
                             .caption = "rewritten",
                             .duration_seconds = 60,
                             .key_scale = "C major",
                             .language = "fr",
                             .time_signature = "3"};
  const SongMetadata user{.bpm = 120, .caption = "mine", .language = "unknown"};
  EXPECT_EQ(merge_metadata(user, planned),
            (SongMetadata{.bpm = 120,
                          .caption = "rewritten",
                          .duration_seconds = 60,
                          .key_scale = "C major",
                          .language = "fr",
                          .time_signature = "3"}));
  EXPECT_EQ(merge_metadata({.language = "de"}, planned).language, "de");
  EXPECT_EQ(merge_metadata(user, {}), user);
}

}  // namespace
}  // namespace ams
