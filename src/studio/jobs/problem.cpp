#include "studio/jobs/problem.h"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>

namespace ams {
namespace {

struct Look {
  ErrorCode code;
  const char* title;
  std::vector<WayOut> actions;
};

// What people see where nobody knows better.
const Look& look_of(ErrorCode code) {
  static const std::vector<Look> looks{
      {ErrorCode::Internal, "Something went wrong", {WayOut::Retry}},
      {ErrorCode::InvalidRequest, "This cannot be done as asked", {}},
      {ErrorCode::NotFound, "Not found", {}},
      {ErrorCode::CorruptFile, "The file is damaged", {}},
      {ErrorCode::Unsupported, "This is not supported", {}},
      {ErrorCode::OutOfMemory, "Out of memory", {WayOut::ShorterDuration, WayOut::Retry}},
      {ErrorCode::Network, "The download failed", {WayOut::Retry}},
      {ErrorCode::Cancelled, "Cancelled", {}},
      {ErrorCode::Busy, "The studio is busy", {WayOut::Retry}},
      {ErrorCode::TooLarge, "This is too large", {}},
      {ErrorCode::Gone, "It was cleaned up", {}},
      {ErrorCode::TimedOut,
       "The time budget is used up",
       {WayOut::FewerSteps, WayOut::ShorterDuration}},
  };
  for (const Look& look : looks) {
    if (look.code == code) return look;
  }
  return looks.front();
}

bool follows_method(std::string_view text) {
  constexpr std::array<std::string_view, 3> kMethods{"GET ", "POST ", "DELETE "};
  return std::any_of(kMethods.begin(), kMethods.end(), [&](std::string_view method) {
    return text.ends_with(method);
  });
}

// "/home/me/models/a.safetensors is cut off" without the folders, which are the operator's
// business. Addresses of the API stay.
std::string without_folders(std::string_view message) {
  std::string kept;
  while (!message.empty()) {
    const char before = kept.empty() ? ' ' : kept.back();
    const bool is_start = before == ' ' || before == '\'' || before == '(';
    if (message.front() != '/' || !is_start || follows_method(kept)) {
      kept += message.front();
      message.remove_prefix(1);
      continue;
    }
    const char* const ends = before == '\'' ? "'" : " ,;:)'";
    const std::string_view path = message.substr(0, message.find_first_of(ends));
    kept += path.substr(path.find_last_of('/') + 1);
    message.remove_prefix(path.size());
  }
  return kept;
}

// "lora: mine is cut off" for a log is "mine is cut off." for people.
std::string sentence(const std::string& text) {
  std::string message = without_folders(text);
  const size_t word = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  if (word != std::string::npos && word > 0 && message.compare(word, 2, ": ") == 0) {
    message.erase(0, word + 2);
  }
  constexpr std::string_view kEnds = ".!?";
  if (!message.empty() && kEnds.find(message.back()) == std::string_view::npos) message += '.';
  return message;
}

Problem complete(ErrorCode code, Problem problem) {
  problem.code = error_code_info(code).name;
  problem.message = sentence(problem.message);
  if (problem.title.empty()) problem.title = look_of(code).title;
  if (problem.actions.empty()) problem.actions = look_of(code).actions;
  return problem;
}

}  // namespace

std::string_view problem_level_name(ProblemLevel level) {
  switch (level) {
    case ProblemLevel::Error:
      return "error";
    case ProblemLevel::Warning:
      return "warning";
    case ProblemLevel::Info:
      return "info";
  }
  return "error";
}

std::string_view way_out_name(WayOut way_out) {
  switch (way_out) {
    case WayOut::Retry:
      return "retry";
    case WayOut::PickFile:
      return "pick_file";
    case WayOut::UseFirst60s:
      return "use_first_60s";
    case WayOut::FewerSteps:
      return "fewer_steps";
    case WayOut::ShorterDuration:
      return "shorter_duration";
    case WayOut::RemoveLora:
      return "remove_lora";
  }
  return "retry";
}

ProblemError::ProblemError(ErrorCode code, Problem problem)
    : Error(code, problem.message), problem_(complete(code, std::move(problem))) {}

Problem problem_of(const Error& error) {
  if (const auto* known = dynamic_cast<const ProblemError*>(&error)) return known->problem();
  Problem problem;
  problem.message = error.what();
  return complete(error.code(), std::move(problem));
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::OutOfMemory, "studio: the computer's memory does not suffice"};
  } catch (const std::exception& error) {
    return {ErrorCode::Internal, std::string("studio: ") + error.what()};
  } catch (...) {
    return {ErrorCode::Internal, "studio: an error of unknown type"};
  }
}

Problem current_problem() {
  try {
    throw;
  } catch (const ProblemError& error) {
    return error.problem();
  } catch (...) {
    return problem_of(current_error());
  }
}

Problem warning_problem(std::string title, std::string message) {
  Problem problem;
  problem.level = ProblemLevel::Warning;
  problem.code = "warning";
  problem.title = std::move(title);
  problem.message = std::move(message);
  return problem;
}

}  // namespace ams
