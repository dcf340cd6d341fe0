#include "cli/progress_display.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/str.h"

namespace ams {
namespace {

constexpr int kBarWidth = 24;
constexpr int kStageWidth = 9;
constexpr size_t kMessageBytes = 24;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
// A stage must have run this long before its speed says anything about the rest.
constexpr double kMinMeasuredSeconds = 0.5;
constexpr std::string_view kEraseLine = "\r\x1b[K";
constexpr std::string_view kLoading = "loading";  // may interrupt any other stage
constexpr int kPullStageWidth = 11;               // "downloading"
constexpr size_t kComponentBytes = 40;
constexpr double kGigabyte = 1e9;
constexpr double kMegabyte = 1e6;

std::string bar(double fraction) {
  const auto filled = static_cast<size_t>(std::lround(fraction * kBarWidth));
  return str('[', std::string(filled, '#'), std::string(kBarWidth - filled, '-'), ']');
}

// One line of the message's beginning: models write what they like, also line ends and escapes.
std::string one_line(std::string_view message, size_t max_bytes) {
  std::string text(message.substr(0, max_bytes));
  // A cut may not leave half a character.
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  std::replace_if(
      text.begin(),
      text.end(),
      [](char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7f; },
      ' ');
  return text;
}

std::string minutes_left(double seconds_left) {
  // A server that sends next to nothing makes it any number.
  constexpr double kMostSeconds = 359'999;  // 99:59:59
  const auto seconds = static_cast<int64_t>(std::ceil(std::clamp(seconds_left, 0.0, kMostSeconds)));
  std::ostringstream text;
  text << "  " << seconds / 60 << ':' << std::setfill('0') << std::setw(2) << seconds % 60
       << " left";
  return text.str();
}

// "downloading [####----] 3.21/19.95 GB  85.3 MB/s  3:12 left  xl-sft/model-00001-of-00004…"
std::string pull_line(const PullProgress& progress, double fraction) {
  std::ostringstream text;
  text << std::left << std::setw(kPullStageWidth) << pull_phase_name(progress.phase) << ' '
       << bar(std::clamp(fraction, 0.0, 1.0)) << std::fixed << std::setprecision(2);
  if (progress.total > 0) {
    text << ' ' << static_cast<double>(progress.bytes) / kGigabyte << '/'
         << static_cast<double>(progress.total) / kGigabyte << " GB";
  }
  if (progress.bytes_per_second > 0) {
    text << "  " << std::setprecision(1) << progress.bytes_per_second / kMegabyte << " MB/s";
  }
  if (progress.seconds_left) text << minutes_left(*progress.seconds_left);
  text << "  " << one_line(progress.component, kComponentBytes);
  return text.str();
}

}  // namespace

ProgressStyle progress_style(bool quiet) {
  if (quiet) return ProgressStyle::Silent;
  return isatty(STDERR_FILENO) != 0 ? ProgressStyle::Terminal : ProgressStyle::Plain;
}

ProgressDisplay::ProgressDisplay(std::ostream& out,
                                 ProgressStyle style,
                                 std::function<Clock::time_point()> now)
    : out_(out), style_(style), now_(std::move(now)) {}

void ProgressDisplay::update(const Progress& progress) {
  draw(progress.stage, progress.fraction, [&] { return line(progress); });
}

void ProgressDisplay::update(const PullProgress& progress) {
  const double fraction =
      progress.total > 0 ? static_cast<double>(progress.bytes) / static_cast<double>(progress.total)
                         : 0.0;
  draw(pull_phase_name(progress.phase), fraction, [&] { return pull_line(progress, fraction); });
}

void ProgressDisplay::draw(std::string_view stage,
                           double fraction,
                           const std::function<std::string()>& line) {
  if (style_ == ProgressStyle::Silent) return;
  const Clock::time_point now = now_();
  bool is_new_stage = stage != stage_;
  if (is_new_stage) {
    if (stage == kLoading) interrupted_ = {stage_, quarters_shown_};
    const bool goes_on = stage == interrupted_.stage;
    stage_ = stage;
    stage_start_ = now;
    quarters_shown_ = goes_on ? interrupted_.quarters_shown : 0;
    // Its line has been printed before.
    if (goes_on && style_ == ProgressStyle::Plain) is_new_stage = false;
  }
  if (style_ == ProgressStyle::Plain) {
    const int quarters = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 4);
    if (!is_new_stage && quarters <= quarters_shown_) return;
    quarters_shown_ = quarters;
    out_ << line() << '\n' << std::flush;
    return;
  }
  const bool is_last = fraction >= 1.0;
  if (!is_new_stage && !is_last && now - last_drawn_ < kRedrawInterval) return;
  last_drawn_ = now;
  line_open_ = true;
  out_ << kEraseLine << line() << std::flush;
}

void ProgressDisplay::finish() {
  if (line_open_) out_ << kEraseLine << std::flush;
  line_open_ = false;
}

std::string ProgressDisplay::line(const Progress& progress) const {
  const double fraction = std::clamp(progress.fraction, 0.0, 1.0);
  std::ostringstream text;
  text << std::left << std::setw(kStageWidth) << progress.stage << ' ' << bar(fraction);
  if (progress.total > 0) text << ' ' << progress.step << '/' << progress.total;
  text << time_left(fraction);
  if (!progress.message.empty()) text << "  " << one_line(progress.message, kMessageBytes);
  return text.str();
}

std::string ProgressDisplay::time_left(double fraction) const {
  const double elapsed = std::chrono::duration<double>(now_() - stage_start_).count();
  if (fraction <= 0 || fraction >= 1 || elapsed < kMinMeasuredSeconds) return "";
  return minutes_left(elapsed / fraction * (1 - fraction));
}

}  // namespace ams
