#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

namespace ams {
namespace {

// In order of LogLevel.
constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warning", "error", "off"};
constexpr std::array kLevels{spdlog::level::debug,
                             spdlog::level::info,
                             spdlog::level::warn,
                             spdlog::level::err,
                             spdlog::level::off};

std::atomic<LogLevel> current_level{LogLevel::Warning};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("ams", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>());
    made.set_pattern("%H:%M:%S.%e %^%l%$ %v");
    made.set_level(spdlog::level::trace);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

}  // namespace

void log(LogLevel level, std::string_view module, std::string_view message) {
  if (level < current_level.load(std::memory_order_relaxed) || level == LogLevel::Off) return;
  logger().log(kLevels[static_cast<size_t>(level)], "{}: {}", module, message);
}

void set_log_level(LogLevel level) { current_level.store(level, std::memory_order_relaxed); }

LogLevel log_level() { return current_level.load(std::memory_order_relaxed); }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

std::span<const std::string_view> log_level_names() { return kNames; }

}  // namespace ams
