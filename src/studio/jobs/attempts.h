// Runs the computing of a job within its time budget, with at most one retry.
//
// An attempt is repeated once, whatever the reason: the budget is used up (then with twice the
// budget), memory ran out (after everything idle was put away; if it was not while loading, with
// the smallest decoding tiles), or the sound is not usable (only if the seed was drawn).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "studio/engine.h"
#include "studio/jobs/stage_reporter.h"
#include "studio/jobs/workshop.h"

namespace ams {

// What one attempt gets.
struct Attempt {
  JobContext context;       // stop, progress and plan of the job
  bool needs_seed = false;  // the one of the attempt before gave unusable sound
};

struct AttemptOptions {
  ModelPart part = ModelPart::Song;
  std::optional<int64_t> budget_seconds;  // of computing; absent: none is enforced
  bool may_change_seed = false;
};

struct AttemptOutcome {
  int64_t attempts = 0;
  double load_seconds = 0;
};

// Calls `make`, which throws as Engine::generate(). Throws what the last attempt threw, TimedOut
// with ways out when that was the second time that the budget was used up, Cancelled when the job
// was asked to stop. Engine lane.
AttemptOutcome run_attempts(Job& job,
                            const Workshop& shop,
                            StageReporter& reporter,
                            const AttemptOptions& options,
                            const std::function<void(const Attempt&)>& make);

// Thrown by `make`: the engine worked, but nobody can listen to the outcome.
class UnusableSound : public Error {
 public:
  explicit UnusableSound(const std::string& message) : Error(ErrorCode::Internal, message) {}
};

}  // namespace ams
