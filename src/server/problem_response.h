// Failures as responses: every status of 400 and above has a Problem as its body.
#pragma once

#include "server/web_message.h"
#include "studio/jobs/problem.h"

namespace ams {

WebResponse problem_response(int status, const Problem& problem);

// For use in a catch block: the response to the error that is being handled. Logs what the client
// is not to blame for.
WebResponse current_problem_response();

}  // namespace ams
