// Who is served when: one lane, its order, its limit, one job a session.
#include "base/str.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class StudioQueue : public StudioFixture {
 protected:
  StudioQueue() {
    script_.songs["gate"] = [this](const SongRequest& request, const JobContext& job) {
      gate_.pass(job.stop);
      return make_fake_song(request, job);
    };
  }
  ~StudioQueue() override {
    gate_.open();
    studio_.reset();  // its jobs use the gate
  }

  // Occupies the engine.
  JobView block() {
    const JobView job = submit("blocking-session-1", "gate");
    gate_.wait_for_arrivals(1);
    return job;
  }

  Gate gate_;
};

TEST_F(StudioQueue, songs_are_made_in_the_order_of_submission) {
  start();
  block();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(submit(session_number(i), str("p", i)).id);
  gate_.open();
  for (int i = 0; i < 5; ++i) finish(session_number(i), ids[static_cast<size_t>(i)]);
  EXPECT_THAT(script_.prompts(), ElementsAre("gate", "p0", "p1", "p2", "p3", "p4"));
}

TEST_F(StudioQueue, a_session_has_one_song_at_a_time_and_gets_it_again) {
  start();
  block();
  const JobView first = submit(kAnna, "first");
  const JobView second = submit(kAnna, "second");
  EXPECT_FALSE(first.existing);
  EXPECT_TRUE(second.existing);
  EXPECT_EQ(second.id, first.id);
  gate_.open();
  finish(kAnna, first.id);
  EXPECT_NE(make_song(kAnna, "third").id, first.id);
  EXPECT_THAT(script_.prompts(), Not(Contains("second")));
}

TEST_F(StudioQueue, a_song_and_a_draft_of_one_session_wait_side_by_side) {
  script_.lyrics = [](const LyricsRequest&, const LyricsContext&) { return LyricsDraft{}; };
  start();
  block();
  LyricsRequest brief;
  brief.brief = "a train";
  const JobView song = submit(kAnna, "song");
  const JobView draft = studio().submit(kAnna, {brief, {}});
  EXPECT_FALSE(draft.existing);
  EXPECT_TRUE(studio().submit(kAnna, {brief, {}}).existing);
  EXPECT_EQ(studio().active_jobs(kAnna).size(), 2u);
  gate_.open();
  finish(kAnna, song.id);
  EXPECT_EQ(finish(kAnna, draft.id).state, JobState::Done);
  EXPECT_TRUE(studio().active_jobs(kAnna).empty());
}

TEST_F(StudioQueue, a_full_queue_is_busy) {
  StudioOptions few = options();
  few.max_waiting = 2;
  start(few);
  block();
  submit(session_number(1), "a");
  submit(session_number(2), "b");
  expect_error(ErrorCode::Busy, "2 jobs are waiting", [&] { submit(kAnna, "c"); });
  EXPECT_TRUE(studio().active_jobs(kAnna).empty());
  EXPECT_EQ(studio().state().waiting, 2);
  gate_.open();
}

TEST_F(StudioQueue, waiting_jobs_are_told_their_places) {
  start();
  const JobView running = block();
  const JobView a = submit(session_number(1), "a");
  const JobView b = submit(session_number(2), "b");
  ASSERT_TRUE(a.queue && b.queue);
  EXPECT_EQ(a.queue->jobs_ahead, 1);
  EXPECT_EQ(b.queue->jobs_ahead, 2);
  studio().cancel(session_number(1), a.id);
  EXPECT_EQ(studio().job(session_number(2), b.id).queue->jobs_ahead, 1);
  gate_.open();
  finish(session_number(2), b.id);
  finish("blocking-session-1", running.id);
}

TEST_F(StudioQueue, waits_are_measured_on_earlier_jobs) {
  script_.songs["ten seconds"] = [this](const SongRequest& request, const JobContext& job) {
    job.progress({.stage = "diffusion", .step = 1, .total = 2});
    clock_.advance(std::chrono::seconds(10));
    return make_fake_song(request, job);
  };
  start();
  const JobView first = submit(kAnna, "ten seconds");
  EXPECT_EQ(first.queue->jobs_ahead, 0);
  finish(kAnna, first.id);
  const JobView running = block();
  EXPECT_NEAR(submit(kAnna, "next").queue->wait_seconds.value_or(-1), 10.0, 1e-6);
  EXPECT_NEAR(submit(kBert, "after it").queue->wait_seconds.value_or(-1), 20.0, 1e-6);
  gate_.open();
}

TEST_F(StudioQueue, waits_are_unknown_before_the_first_song) {
  start();
  block();
  EXPECT_FALSE(submit(kAnna, "next").queue->wait_seconds);
  gate_.open();
}

TEST_F(StudioQueue, a_waiting_job_is_cancelled_at_once) {
  start();
  block();
  const JobView waiting = submit(kAnna, "waiting");
  EXPECT_EQ(studio().cancel(kAnna, waiting.id).state, JobState::Cancelled);
  EXPECT_THAT(event_kinds(kAnna, waiting.id), ElementsAre("queued", "cancelled"));
  gate_.open();
  make_song(kAnna, "next");
  EXPECT_THAT(script_.prompts(), Not(Contains("waiting")));
}

TEST_F(StudioQueue, a_running_job_stops_when_it_is_cancelled_and_leaves_nothing) {
  start();
  const JobView running = block();
  studio().cancel("blocking-session-1", running.id);
  const JobView ended = finish("blocking-session-1", running.id);
  EXPECT_EQ(ended.state, JobState::Cancelled);
  EXPECT_TRUE(studio().history("blocking-session-1").empty());
  EXPECT_TRUE(files_in("output").empty());
  EXPECT_TRUE(files_in("tmp").empty());
}

TEST_F(StudioQueue, cancelling_what_has_ended_changes_nothing) {
  start();
  const JobView done = make_song(kAnna, "done");
  EXPECT_EQ(studio().cancel(kAnna, done.id).state, JobState::Done);
}

TEST_F(StudioQueue, the_state_counts_the_engine_lane) {
  start();
  EXPECT_EQ(studio().state().activity, StudioActivity::Idle);
  block();
  submit(kAnna, "next");
  const StudioState state = studio().state();
  EXPECT_EQ(state.activity, StudioActivity::Busy);
  EXPECT_EQ(state.running, 1);
  EXPECT_EQ(state.waiting, 1);
  EXPECT_EQ(state.max_waiting, 16);
  gate_.open();
}

TEST_F(StudioQueue, shutting_down_gives_every_job_a_last_event) {
  start();
  const JobView running = block();
  const JobView waiting = submit(kAnna, "waiting");
  studio().shut_down();
  const JobView ended = finish("blocking-session-1", running.id);
  EXPECT_EQ(ended.state, JobState::Failed);
  EXPECT_THAT(ended.error->title, HasSubstr("shut down"));
  EXPECT_EQ(finish(kAnna, waiting.id).state, JobState::Failed);
  expect_error(ErrorCode::Busy, "shutting down", [&] { submit(kBert, "late"); });
  studio_.reset();
  EXPECT_TRUE(files_in("tmp").empty());
}

TEST_F(StudioQueue, a_job_that_throws_does_not_harm_the_next) {
  script_.songs["broken"] = [](const SongRequest&, const JobContext&) -> SongResult {
    throw std::runtime_error("unexpected");
  };
  start();
  const JobView broken = make_song(kAnna, "broken");
  EXPECT_EQ(broken.state, JobState::Failed);
  EXPECT_EQ(broken.error->code, "internal");
  EXPECT_EQ(make_song(kAnna, "fine").state, JobState::Done);
}

TEST_F(StudioQueue, what_is_read_at_the_start_is_ready_for_the_first_job) {
  std::atomic<int> reads = 0;
  script_.preload = [&](const JobContext& context) {
    ++reads;
    gate_.pass(context.stop);
  };
  StudioOptions with = options();
  with.preload = {ModelPart::Song, ModelPart::Lyrics, ModelPart::Stems};
  start(with);
  gate_.wait_for_arrivals(1);
  EXPECT_EQ(studio().state().activity, StudioActivity::Loading);
  EXPECT_EQ(script_.writers_alive, 1);  // lyrics first: where both do not fit, songs stay
  EXPECT_EQ(script_.engines_alive, 0);
  EXPECT_TRUE(studio().active_jobs(kAnna).empty());
  const JobView waiting = submit(kAnna, "first");
  EXPECT_EQ(waiting.queue->jobs_ahead, 1);
  gate_.open();
  EXPECT_EQ(finish(kAnna, waiting.id).state, JobState::Done);
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(script_.engines_opened, 1);
}

TEST_F(StudioQueue, what_cannot_be_read_at_the_start_stops_nothing) {
  script_.preload = [](const JobContext&) {
    throw Error(ErrorCode::OutOfMemory, "engine: no memory");
  };
  StudioOptions with = options();
  with.preload = {ModelPart::Song, ModelPart::Stems};
  start(with);
  EXPECT_EQ(make_song(kAnna, "fine").state, JobState::Done);
}

TEST_F(StudioQueue, reading_at_the_start_ends_with_the_studio) {
  script_.preload = [this](const JobContext& context) { gate_.pass(context.stop); };
  StudioOptions with = options();
  with.preload = {ModelPart::Song};
  start(with);
  gate_.wait_for_arrivals(1);
  studio_.reset();  // would wait for ever
  EXPECT_EQ(script_.engines_alive, 0);
}

}  // namespace
}  // namespace ams
