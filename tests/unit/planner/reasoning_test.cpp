#include <gtest/gtest.h>

#include "planner/reasoning_parser.h"
#include "planner/reasoning_writer.h"

namespace ams {
namespace {

TEST(ReasoningParser, reads_an_open_block) {
  const SongMetadata metadata = parse_reasoning(
      "<think>\nbpm: 92\ncaption: A warm\n  lo-fi beat\nduration: 60\nkeyscale: F# minor\n"
      "language: en\ntimesignature: 4\n");
  EXPECT_EQ(metadata,
            (SongMetadata{.bpm = 92,
                          .caption = "A warm lo-fi beat",
                          .duration_seconds = 60,
                          .key_scale = "F# minor",
                          .language = "en",
                          .time_signature = "4"}));
}

TEST(ReasoningParser, reads_a_closed_block_and_nothing_behind_it) {
  const SongMetadata metadata =
      parse_reasoning("<think>\nbpm: 100\n</think>\n\nbpm: 50\n<|audio_code_1|>");
  EXPECT_EQ(metadata.bpm, 100);
}

TEST(ReasoningParser, quotes_are_removed) {
  EXPECT_EQ(parse_reasoning("caption: 'Mood: it''s calm'\nlanguage: 'no'").caption,
            "Mood: it's calm");
  EXPECT_EQ(parse_reasoning("caption: 'Mood: x'\nlanguage: 'no'").language, "no");
  EXPECT_EQ(parse_reasoning("caption: 'Folded: over\n  two lines'").caption,
            "Folded: over two lines");
}

TEST(ReasoningParser, other_lines_and_values_are_dropped) {
  const SongMetadata metadata = parse_reasoning(
      "  orphan\nno field\n<tag>: x\nmood: sad\nBPM : 77 \nduration: long\nkeyscale: N/A\n"
      "caption:\n\n  late start\n");
  EXPECT_EQ(metadata, (SongMetadata{.bpm = 77, .caption = "late start"}));
}

TEST(ReasoningParser, hostile_text_is_survived) {
  EXPECT_EQ(parse_reasoning(""), SongMetadata{});
  EXPECT_EQ(parse_reasoning("</think><think>"), SongMetadata{});
  EXPECT_EQ(parse_reasoning("bpm: 99999999999999999999999").bpm, std::nullopt);
  EXPECT_EQ(parse_reasoning("caption: \xFF\xFE").caption, "\xFF\xFE");
  EXPECT_EQ(parse_reasoning(std::string(100'000, ':')), SongMetadata{});
}

TEST(ReasoningParser, reads_back_what_is_written) {
  const SongMetadata metadata{.bpm = 300,
                              .caption =
                                  "Drums: loud, \"wild\" and don't stop; a very long caption "
                                  "that has to be folded at least once, twice even.",
                              .duration_seconds = 600,
                              .key_scale = "B♭ major",
                              .language = "no",
                              .time_signature = "6"};
  EXPECT_EQ(parse_reasoning(write_reasoning(metadata)), metadata);
}

TEST(LyricsParser, drops_heading_and_end_mark) {
  EXPECT_EQ(parse_lyrics("<think>\n</think>\n\n# Lyric\n[Verse]\nla la\n<|im_end|>"),
            "[Verse]\nla la");
  EXPECT_EQ(parse_lyrics("</think># lyri \n\nx"), "x");
  EXPECT_EQ(parse_lyrics("</think># Lyrics\nx"), "# Lyrics\nx");
  EXPECT_EQ(parse_lyrics("no block"), "");
  EXPECT_EQ(parse_lyrics("</think>"), "");
}

}  // namespace
}  // namespace ams
