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

std::string bar(double fraction) {
  const auto filled = static_cast<size_t>(std::lround(fraction * kBarWidth));
  return str('[', std::string(filled, '#'), std::string(kBarWidth - filled, '-'), ']');
}

// One line of the message's beginning: models write what they like, also line ends and escapes.
std::string one_line(std::string_view message) {
  std::string text(message.substr(0, kMessageBytes));
  // A cut may not leave half a character.
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  std::replace_if(
      text.begin(),
      text.end(),
      [](char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7f; },
      ' ');
  return text;
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
  if (style_ == ProgressStyle::Silent) return;
  const Clock::time_point now = now_();
  const bool is_new_stage = progress.stage != stage_;
  if (is_new_stage) {
    stage_ = progress.stage;
    stage_start_ = now;
    quarters_shown_ = 0;
  }
  if (style_ == ProgressStyle::Plain) {
    const int quarters = static_cast<int>(std::clamp(progress.fraction, 0.0, 1.0) * 4);
    if (!is_new_stage && quarters <= quarters_shown_) return;
    quarters_shown_ = quarters;
    out_ << line(progress) << '\n' << std::flush;
    return;
  }
  const bool is_last = progress.fraction >= 1.0;
  if (!is_new_stage && !is_last && now - last_drawn_ < kRedrawInterval) return;
  last_drawn_ = now;
  line_open_ = true;
  out_ << kEraseLine << line(progress) << std::flush;
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
  if (!progress.message.empty()) text << "  " << one_line(progress.message);
  return text.str();
}

std::string ProgressDisplay::time_left(double fraction) const {
  const double elapsed = std::chrono::duration<double>(now_() - stage_start_).count();
  if (fraction <= 0 || fraction >= 1 || elapsed < kMinMeasuredSeconds) return "";
  const auto seconds = static_cast<int64_t>(std::ceil(elapsed / fraction * (1 - fraction)));
  std::ostringstream text;
  text << "  " << seconds / 60 << ':' << std::setfill('0') << std::setw(2) << seconds % 60
       << " left";
  return text.str();
}

}  // namespace ams
