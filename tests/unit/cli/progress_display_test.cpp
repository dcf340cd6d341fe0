#include "cli/progress_display.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class ProgressDisplayTest : public testing::Test {
 protected:
  // A display that writes to out_ and whose clock stands still until it is moved.
  ProgressDisplay display(ProgressStyle style) {
    return ProgressDisplay(out_, style, [this] { return now_; });
  }

  static Progress step(int64_t step, int64_t total) {
    return {.stage = "diffusion",
            .fraction = static_cast<double>(step) / static_cast<double>(total),
            .step = step,
            .total = total};
  }

  // What was written since the last call.
  std::string written() {
    const std::string text = out_.str();
    out_.str("");
    return text;
  }

  std::ostringstream out_;
  ProgressDisplay::Clock::time_point now_{};
};

TEST_F(ProgressDisplayTest, terminal_line_shows_stage_bar_step_and_time_left) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.update(step(0, 20));
  EXPECT_THAT(written(), HasSubstr("diffusion [------------------------] 0/20"));
  now_ += 30s;
  shown.update(step(5, 20));
  EXPECT_EQ(written(), "\r\x1b[Kdiffusion [######------------------] 5/20  1:30 left");
}

TEST_F(ProgressDisplayTest, time_left_is_measured_not_guessed) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.update(step(0, 20));
  now_ += 200ms;
  shown.update(step(1, 20));
  EXPECT_THAT(written(), Not(HasSubstr("left")));
}

TEST_F(ProgressDisplayTest, terminal_is_not_redrawn_more_often_than_eyes_can_follow) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.update(step(1, 20));
  written();
  now_ += 50ms;
  shown.update(step(2, 20));
  EXPECT_EQ(written(), "");
  shown.update(step(20, 20));
  EXPECT_NE(written(), "") << "the end of a stage is always shown";
}

TEST_F(ProgressDisplayTest, downloads_show_bytes_speed_and_time_left) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.update(PullProgress{.phase = PullPhase::Downloading,
                            .component = "xl/model.safetensors",
                            .bytes = 5'000'000'000,
                            .total = 20'000'000'000,
                            .bytes_per_second = 100e6,
                            .seconds_left = 150});
  EXPECT_EQ(written(),
            "\r\x1b[Kdownloading [######------------------] 5.00/20.00 GB  100.0 MB/s  2:30 left  "
            "xl/model.safetensors");
}

TEST_F(ProgressDisplayTest, finish_clears_the_line) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.finish();
  EXPECT_EQ(written(), "");
  shown.update(step(1, 20));
  written();
  shown.finish();
  EXPECT_EQ(written(), "\r\x1b[K");
}

TEST_F(ProgressDisplayTest, plain_style_prints_a_line_a_quarter) {
  ProgressDisplay shown = display(ProgressStyle::Plain);
  for (int64_t i = 0; i <= 100; ++i) shown.update(step(i, 100));
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(ProgressDisplayTest, every_stage_starts_anew) {
  ProgressDisplay shown = display(ProgressStyle::Plain);
  shown.update({.stage = "planning", .fraction = 0.9});
  shown.update({.stage = "decoding", .fraction = 0.1, .message = "tile 1"});
  EXPECT_THAT(written(), HasSubstr("decoding  [##----------------------]  tile 1"));
}

TEST_F(ProgressDisplayTest, a_stage_that_goes_on_after_loading_is_printed_once) {
  ProgressDisplay shown = display(ProgressStyle::Plain);
  shown.update({.stage = "encoding", .fraction = 0.5, .step = 1, .total = 2});
  shown.update({.stage = "loading", .message = "audio codec"});
  shown.update({.stage = "encoding", .fraction = 0.5, .step = 1, .total = 2});
  shown.update({.stage = "encoding", .fraction = 1, .step = 2, .total = 2});
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

TEST_F(ProgressDisplayTest, fractions_outside_their_range_do_no_harm) {
  ProgressDisplay shown = display(ProgressStyle::Terminal);
  shown.update({.stage = "loading", .fraction = -1});
  EXPECT_THAT(written(), HasSubstr("[------------------------]"));
  shown.update({.stage = "saving", .fraction = 7});
  EXPECT_THAT(written(), HasSubstr("[########################]"));
}

TEST_F(ProgressDisplayTest, messages_stay_on_their_line) {
  ProgressDisplay shown = display(ProgressStyle::Plain);
  shown.update({.stage = "planning", .message = "a\nb\x1b[2J"});
  EXPECT_THAT(written(), HasSubstr("]  a b [2J\n"));
  shown.update({.stage = "decoding", .message = "123456789 123456789 123\xC3\xA9 and more"});
  EXPECT_THAT(written(), HasSubstr("]  123456789 123456789 123\n"));
}

TEST_F(ProgressDisplayTest, silent_style_prints_nothing) {
  ProgressDisplay shown = display(ProgressStyle::Silent);
  shown.update(step(1, 2));
  shown.finish();
  EXPECT_EQ(written(), "");
}

}  // namespace
}  // namespace ams
