#include "studio/jobs/lyrics_task.h"

#include <utility>

#include "base/error.h"
#include "studio/jobs/attempts.h"
#include "studio/jobs/download_task.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/result_label.h"
#include "studio/jobs/time_budget.h"

namespace ams {
namespace {

std::string save(const Job& job, const LyricsDraft& draft, JobFacts facts, const Workshop& shop) {
  ResultRecord record;
  record.session = job.session();
  ResultView& view = record.view;
  view.id = random_id("r_");
  view.job_id = job.id();
  view.mode = mode_of(job.request());
  view.label = result_label(job.request());
  view.request = job.request();
  view.text = draft.text;
  view.created_at = shop.clock.date();
  facts.job_id = job.id();
  facts.created_at = utc_text(view.created_at);
  view.metadata =
      shop.parts.documents->lyrics(std::get<LyricsRequest>(job.request()), draft, facts);
  record.last_event = job.view().last_event;
  shop.results.add(record);
  shop.history.add(record);
  return view.id;
}

}  // namespace

std::string run_lyrics_task(Job& job,
                            const std::vector<std::string>& warnings,
                            const Workshop& shop) {
  JobFacts facts;
  facts.queue_seconds = job.queue_seconds();
  facts.warnings = warnings;
  StageReporter reporter(job, shop.clock, shop.times);
  fetch_before_use(shop.parts.lyrics_download, job, shop, reporter);
  const auto& request = std::get<LyricsRequest>(job.request());
  AttemptOptions options;
  options.part = ModelPart::Lyrics;
  options.budget_seconds =
      shop.models.device().empty()
          ? std::nullopt
          : enforced_budget(job.request(), shop.options.budget, shop.models.device());
  reporter.enter(Stage::Loading, "lyrics model");
  LyricsDraft draft;
  const AttemptOutcome outcome =
      run_attempts(job, shop, reporter, options, [&](const Attempt& attempt) {
        LyricsContext context;
        static_cast<JobContext&>(context) = attempt.context;
        int64_t tokens = 0;
        context.progress = [&](const Progress& progress) {
          tokens = progress.step;
          attempt.context.progress(progress);
        };
        context.text = [&](std::string_view text) {
          job.emit(TextEvent{std::string(text), tokens});
        };
        draft = shop.models.lyrics_writer().write(request, context);
      });
  shop.models.note_device(draft.device);
  for (const std::string& warning : draft.warnings) {
    job.emit(WarningEvent{warning_problem("A note on the draft", warning)});
  }
  facts.attempts = outcome.attempts;
  facts.budget_seconds = options.budget_seconds.value_or(budget_seconds(job.request()));
  const std::string id = save(job, draft, std::move(facts), shop);
  shop.times.record(job.request(), reporter.finish());
  return id;
}

}  // namespace ams
