#include "studio/lyrics/lyrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "studio/lyrics/end_marker.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LyricsText, carriage_returns_become_line_feeds) {
  EXPECT_EQ(with_unix_line_ends("a\r\nb\rc\n\r\n"), "a\nb\nc\n\n");
}

TEST(LyricsText, code_fences_are_removed_with_their_lines) {
  EXPECT_EQ(without_code_fences("```text\n[verse]\nla\n  ```\n"), "[verse]\nla\n");
  EXPECT_EQ(without_code_fences("a `b` c"), "a `b` c");
}

TEST(LyricsText, only_a_leading_title_is_removed) {
  EXPECT_EQ(without_title("\nTitle: Home\n[verse]"), "\n[verse]");
  EXPECT_EQ(without_title("**Title:** \"Home\"\n\nla"), "\nla");
  EXPECT_EQ(without_title("# Título : Casa\nla"), "la");
  EXPECT_EQ(without_title("标题：家\nla"), "la");
  EXPECT_EQ(without_title("[verse]\nTitle: none\n"), "[verse]\nTitle: none\n");
  EXPECT_EQ(without_title("Titles fade\nla"), "Titles fade\nla");
}

TEST(LyricsText, tags_are_lower_case_and_trimmed) {
  EXPECT_EQ(with_lower_case_tags("[ Verse 1 ]\nOh [LAUGH] Yes\n"), "[verse 1]\nOh [laugh] Yes\n");
}

TEST(LyricsText, brackets_that_never_close_stay) {
  EXPECT_EQ(with_lower_case_tags("[Verse\nLa]\n[B"), "[Verse\nLa]\n[B");
}

TEST(LyricsText, blank_lines_do_not_pile_up) {
  EXPECT_EQ(with_single_blank_lines("a\n\n \n\nb\n\nc"), "a\n\nb\n\nc");
}

TEST(LyricsText, normal_form_applies_every_rule_and_nothing_else) {
  EXPECT_EQ(
      normalise_lyrics("\r\n```\r\nTitle: X\r\n\r\n\r\n[Verse 1]\r\n  Two Spaces, KEPT\r\n```"),
      "[verse 1]\n  Two Spaces, KEPT\n");
  EXPECT_EQ(normalise_lyrics(" \n\t"), "");
}

TEST(LyricsText, normal_form_is_stable) {
  const std::string once = normalise_lyrics("[A]\n\n\nTitle: kept\n\n[B]\nx");
  EXPECT_EQ(normalise_lyrics(once), once);
}

TEST(LyricsText, torn_last_line_is_cut) {
  EXPECT_EQ(cut_to_complete_lines("a\nb\nhal"), "a\nb\n");
  EXPECT_EQ(cut_to_complete_lines("a\n"), "a\n");
  EXPECT_EQ(cut_to_complete_lines("one line"), "one line");
}

TEST(LyricsText, numbers_and_remarks_of_sections_do_not_count) {
  EXPECT_THAT(missing_sections("intro, verse, chorus, verse 2",
                               "[intro]\nla\n\n[verse 1]\nla\n[chorus: soft]\n[verse 2]\nla\n"),
              IsEmpty());
  EXPECT_THAT(missing_sections("[Verse 1]，verse、bridge", "[verse 1]\n[verse 2]\n"),
              ElementsAre("the lyrics have no section [bridge]"));
}

TEST(LyricsText, sections_that_are_missing_are_named) {
  EXPECT_THAT(missing_sections("verse, chorus, verse, bridge, chorus", "[verse 1]\n[chorus]\n"),
              ElementsAre("the lyrics have 1 of the 2 sections [verse] that were asked for",
                          "the lyrics have 1 of the 2 sections [chorus] that were asked for",
                          "the lyrics have no section [bridge]"));
}

TEST(LyricsText, words_in_a_line_are_no_section) {
  EXPECT_THAT(missing_sections("bridge", "over the [bridge] we go\nbridge\n"),
              ElementsAre("the lyrics have no section [bridge]"));
}

// Everything that passes a filter that gets the text in pieces of `size` bytes.
struct Filtered {
  std::string text;
  bool found = false;
};
Filtered filtered(std::string_view text, size_t size) {
  EndMarkerFilter filter;
  std::string passed;
  for (size_t i = 0; i < text.size(); i += size) passed += filter.push(text.substr(i, size));
  passed += filter.finish();
  return {passed, filter.found()};
}

TEST(EndMarker, ends_the_text_however_it_is_cut) {
  for (size_t size = 1; size <= 12; ++size) {
    for (const char* text : {"la\n [End] \nmore", "la\n[end]", "la\n</lyrics> more"}) {
      EXPECT_EQ(filtered(text, size).text, "la\n") << text << size;
      EXPECT_TRUE(filtered(text, size).found) << text << size;
    }
  }
}

TEST(EndMarker, closing_tag_counts_within_a_line) {
  EXPECT_EQ(filtered("la la</LYRICS>", 3).text, "la la");
}

TEST(EndMarker, what_only_resembles_a_marker_passes) {
  for (size_t size = 1; size <= 9; ++size) {
    for (const char* text :
         {"[end] of the road\n", "the [end]\n", "[ending]\n", "</lyric>", "</lyrics"}) {
      EXPECT_EQ(filtered(text, size).text, text) << size;
      EXPECT_FALSE(filtered(text, size).found) << text << size;
    }
  }
}

TEST(EndMarker, ordinary_text_is_not_held_back) {
  EndMarkerFilter filter;
  EXPECT_EQ(filter.push("[verse 1]"), "[verse 1]");
  EXPECT_EQ(filter.push("\nla <3"), "\nla <3");
  EXPECT_EQ(filter.push("\n["), "\n");
  EXPECT_EQ(filter.push("c"), "[c");
}

}  // namespace
}  // namespace ams
