// The one logger: levels and a module tag, one line an event on standard error.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace ams {

enum class LogLevel { Debug, Info, Warning, Error, Off };

// Writes "12:30:05.123 info studio: message" if `level` is at least the current one. Thread-safe.
void log(LogLevel level, std::string_view module, std::string_view message);

// What is written from now on; Warning until it is set. Thread-safe.
void set_log_level(LogLevel level);
LogLevel log_level();

// The level called "debug", "info", "warning", "error" or "off".
std::optional<LogLevel> parse_log_level(std::string_view name);
std::span<const std::string_view> log_level_names();

}  // namespace ams
