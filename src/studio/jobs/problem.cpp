#include "studio/jobs/problem.h"

#include <new>
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

Problem complete(ErrorCode code, Problem problem) {
  problem.code = error_code_info(code).name;
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
