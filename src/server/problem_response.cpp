#include "server/problem_response.h"

#include "api/problem_json.h"
#include "base/log.h"
#include "base/str.h"

namespace ams {

WebResponse problem_response(int status, const Problem& problem) {
  return {.status = status,
          .content_type = "application/json",
          .headers = {{"Cache-Control", "no-store"}},
          .body = problem_json(problem).dump()};
}

WebResponse current_problem_response() {
  const Error error = current_error();
  const Problem problem = current_problem();
  const int status = error_code_info(error.code()).http_status;
  const bool is_ours = status >= 500;
  log(is_ours ? LogLevel::Error : LogLevel::Debug, "server", str(problem.code, ": ", error.what()));
  return problem_response(status, problem);
}

}  // namespace ams
