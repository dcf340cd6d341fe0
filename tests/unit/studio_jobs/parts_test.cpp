// The small parts of the job engine, each alone.
#include "studio/jobs/job.h"
#include "studio/jobs/lane.h"
#include "studio/jobs/peaks.h"
#include "studio/jobs/problem.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/result_label.h"
#include "studio/jobs/stage_times.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::SizeIs;

TEST(Job, takes_no_event_after_its_end) {
  const FakeClock clock;
  Job job({"j_1", kAnna}, clock);
  job.emit(QueuedEvent{});
  job.start();
  job.emit(QueuedEvent{3, {}});  // it waits no more
  job.emit(DoneEvent{"r_1"});
  job.emit(CancelledEvent{});
  job.emit(TextEvent{"late", 1});
  EXPECT_THAT(job.events_after(0).events, SizeIs(2));
  EXPECT_EQ(job.state(), JobState::Done);
  EXPECT_EQ(job.view().text, "");
}

TEST(Job, stores_no_heartbeat) {
  const FakeClock clock;
  Job job({"j_1", kAnna}, clock);
  job.emit(HeartbeatEvent{});
  EXPECT_EQ(job.view().last_event, 0);
}

TEST(Lane, runs_nothing_that_waits_when_it_is_closed) {
  const FakeClock clock;
  Gate gate;
  std::atomic<int> runs = 0;
  {
    Lane lane("test", 5, [] {});
    const auto submit = [&] {
      lane.submit(std::make_shared<Job>(Job::Facts{random_id("j_"), kAnna}, clock), [&](Job& job) {
        ++runs;
        gate.pass(job.stop_token());
      });
    };
    submit();
    gate.wait_for_arrivals(1);
    submit();
    submit();
    EXPECT_THAT(lane.close(), SizeIs(2));
    gate.open();
    expect_error(ErrorCode::Busy, "shutting down", submit);
  }
  EXPECT_EQ(runs, 1);
}

TEST(RandomId, is_long_plain_and_new_each_time) {
  const std::string id = random_id("u_");
  EXPECT_THAT(id, testing::MatchesRegex("u_[0-9a-f]+"));
  EXPECT_THAT(id, SizeIs(34));
  EXPECT_NE(id, random_id("u_"));
}

TEST(Peaks, have_at_most_two_thousand_columns_with_three_decimals) {
  AudioBuffer audio = silent_audio(8000, 2, 5000);
  audio.channel(0)[0] = 1.0f;
  audio.channel(1)[0] = 0.33333f;
  audio.channel(0)[4999] = -0.5f;
  const Peaks peaks = measure_peaks(audio);
  ASSERT_THAT(peaks.max, SizeIs(2000));
  EXPECT_EQ(peaks.max.front(), 0.667);
  EXPECT_EQ(peaks.min.back(), -0.25);
  EXPECT_THAT(measure_peaks(slice_audio(audio, 0, 7)).max, SizeIs(7));
}

TEST(ResultLabel, cuts_between_characters_and_falls_back_to_lyrics) {
  GenerateRequest request;
  request.prompt = std::string(29, 'a') + "éé";
  EXPECT_EQ(result_label(SongRequest(request)), std::string(29, 'a') + "é");
  request.prompt = "  ";
  request.lyrics = "[verse]\nrain";
  EXPECT_EQ(result_label(SongRequest(request)), "[verse] rain");
}

TEST(Problems, of_any_error_have_code_title_and_message) {
  for (const ErrorCode code : {ErrorCode::Internal, ErrorCode::Busy, ErrorCode::Gone}) {
    const Problem problem = problem_of(Error(code, "studio: said so"));
    EXPECT_EQ(problem.code, error_code_info(code).name);
    EXPECT_FALSE(problem.title.empty());
    EXPECT_EQ(problem.message, "said so.");
  }
}

TEST(Problems, name_files_without_their_folders) {
  const auto told = [](const char* text) {
    return problem_of(Error(ErrorCode::NotFound, text)).message;
  };
  EXPECT_EQ(told("models: /home/me/models/a.gguf is cut off"), "a.gguf is cut off.");
  EXPECT_EQ(told("audio: cannot open '/home/my music/a.wav'"), "cannot open 'a.wav'.");
  EXPECT_EQ(told("models: none in /a/b, /c/d; nothing helps"), "none in b, d; nothing helps.");
  EXPECT_EQ(told("request: see GET /api/v1/models or 4/4"), "see GET /api/v1/models or 4/4.");
}

TEST(Problems, keep_the_field_that_their_error_named) {
  Problem problem;
  problem.field = "prompt";
  problem.message = "too long";
  const ProblemError error(ErrorCode::InvalidRequest, problem);
  EXPECT_EQ(problem_of(error).field, "prompt");
  EXPECT_EQ(problem_of(error).code, "invalid_request");
}

TEST(StageTimes, foresee_by_length_and_steps) {
  StageTimes times;
  GenerateRequest request;
  request.duration_seconds = 30;
  request.advanced.inference_steps = 10;
  EXPECT_FALSE(times.whole(SongRequest(request)));
  times.record(SongRequest(request), {{Stage::Diffusion, 20.0}, {Stage::Decoding, 6.0}});
  EXPECT_NEAR(times.whole(SongRequest(request)).value_or(0), 26.0, 1e-9);
  request.duration_seconds = 60;
  request.advanced.inference_steps = 20;
  EXPECT_NEAR(times.whole(SongRequest(request)).value_or(0), 92.0, 1e-9);
  EXPECT_FALSE(times.whole(SongRequest(CoverRequest())));
}

TEST(Utc, text_and_date_convert_both_ways) {
  const auto date = parse_utc("2026-06-01T12:00:00Z");
  EXPECT_EQ(utc_text(date), "2026-06-01T12:00:00Z");
  EXPECT_EQ(parse_utc("yesterday").time_since_epoch().count(), 0);
}

}  // namespace
}  // namespace ams
