// What went wrong, in the form that people are shown. The wire's `Problem`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ams {

enum class ProblemLevel { Error, Warning, Info };

std::string_view problem_level_name(ProblemLevel level);  // "error", "warning", "info"

// What a page can offer besides closing the message.
enum class WayOut { Retry, PickFile, UseFirst60s, FewerSteps, ShorterDuration, RemoveLora };

std::string_view way_out_name(WayOut way_out);  // "retry", "pick_file", "use_first_60s", …

// A value type.
struct Problem {
  ProblemLevel level = ProblemLevel::Error;
  std::string code = {};     // of error_code_info()
  std::string field = {};    // path of the field at fault; empty: none
  std::string title = {};    // "Duration is out of range"
  std::string message = {};  // what was wrong, what is expected, the way out
  std::vector<WayOut> actions = {};
};

// An error that names the field at fault or ways out that its code does not imply.
class ProblemError : public Error {
 public:
  ProblemError(ErrorCode code, Problem problem);
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

// A ProblemError's own problem, else title and ways out by the code of the error.
Problem problem_of(const Error& error);

// The error that is being handled, whatever its type; for use inside a catch block. Memory that
// ran out becomes OutOfMemory, what is not of this program Internal.
Error current_error();
Problem current_problem();

// A sentence for the user that stops nothing.
Problem warning_problem(std::string title, std::string message);

}  // namespace ams
