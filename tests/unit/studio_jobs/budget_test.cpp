// Time budgets, retries, memory.
#include <limits>

#include "studio/jobs/memory_policy.h"
#include "studio/jobs/time_budget.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

JobRequest generate(double seconds) {
  GenerateRequest request;
  request.duration_seconds = seconds;
  return SongRequest(request);
}

JobRequest cover(double seconds) {
  CoverRequest request;
  request.duration_seconds = seconds;
  return SongRequest(request);
}

JobRequest extend(double seconds) {
  ExtendRequest request;
  request.extra_duration_seconds = seconds;
  return SongRequest(request);
}

JobRequest edit(double start, std::optional<double> end) {
  EditRequest request;
  request.segment_start_seconds = start;
  request.segment_end_seconds = end;
  return SongRequest(request);
}

TEST(TimeBudget, follows_the_table_of_the_specification) {
  EXPECT_EQ(budget_seconds(generate(30)), 90);
  EXPECT_EQ(budget_seconds(generate(240)), 300);
  EXPECT_EQ(budget_seconds(cover(30)), 100);
  EXPECT_EQ(budget_seconds(extend(60)), 150);
  EXPECT_EQ(budget_seconds(edit(10.0, 22.5)), 60);
  EXPECT_EQ(budget_seconds(edit(0, 40.0)), 110);
  EXPECT_EQ(budget_seconds(edit(0, std::nullopt)), 60);
  EXPECT_EQ(budget_seconds(LyricsRequest{}), 60);
}

TEST(TimeBudget, is_only_advice_on_the_cpu) {
  EXPECT_FALSE(enforced_budget(generate(30), BudgetRule::Automatic, "cpu"));
  EXPECT_EQ(enforced_budget(generate(30), BudgetRule::Always, "cpu"), 90);
}

TEST(TimeBudget, doubles_the_share_of_the_length_on_metal) {
  EXPECT_EQ(enforced_budget(generate(30), BudgetRule::Automatic, "metal"), 150);
}

TEST(TimeBudget, can_be_turned_off) {
  EXPECT_FALSE(enforced_budget(generate(30), BudgetRule::Off, "cuda"));
}

TEST(MemoryPolicy, unknown_memory_puts_nothing_away) {
  const std::vector<HeldModel> held{{ModelPart::Stems, 5}, {ModelPart::Song, 90}};
  EXPECT_THAT(parts_to_put_away({ModelPart::Lyrics, 100, 2, std::nullopt}, held), IsEmpty());
}

TEST(MemoryPolicy, what_fits_beside_the_headroom_puts_nothing_away) {
  const std::vector<HeldModel> held{{ModelPart::Song, 90}};
  EXPECT_THAT(parts_to_put_away({ModelPart::Lyrics, 100, 2, 102}, held), IsEmpty());
}

TEST(MemoryPolicy, stems_go_before_lyrics_and_no_more_than_needed) {
  const std::vector<HeldModel> held{{ModelPart::Lyrics, 50}, {ModelPart::Stems, 5}};
  EXPECT_THAT(parts_to_put_away({ModelPart::Song, 100, 2, 98}, held),
              ElementsAre(ModelPart::Stems));
  EXPECT_THAT(parts_to_put_away({ModelPart::Song, 100, 2, 60}, held),
              ElementsAre(ModelPart::Stems, ModelPart::Lyrics));
}

TEST(MemoryPolicy, what_is_wanted_in_use_or_empty_stays) {
  const std::vector<HeldModel> held{
      {ModelPart::Stems, 5, /*is_in_use=*/true}, {ModelPart::Lyrics, 0}, {ModelPart::Song, 90}};
  EXPECT_THAT(parts_to_put_away({ModelPart::Song, 100, 2, 0}, held), IsEmpty());
}

TEST(MemoryPolicy, all_go_if_all_do_not_suffice) {
  const std::vector<HeldModel> held{{ModelPart::Stems, 5}, {ModelPart::Song, 10}};
  EXPECT_THAT(parts_to_put_away({ModelPart::Lyrics, 100, 2, 0}, held),
              ElementsAre(ModelPart::Stems, ModelPart::Song));
}

class StudioBudget : public StudioFixture {
 protected:
  // A step a second until it is asked to stop, at most `steps`.
  Script::Song slow(int64_t steps) {
    return [this, steps](const SongRequest& request, const JobContext& job) {
      seeds_.push_back(controls_of(request).seed.value_or(0));
      for (int64_t step = 1; step <= steps; ++step) {
        if (job.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "fake: cancelled");
        job.progress({.stage = "diffusion", .step = step, .total = steps});
        clock_.advance(std::chrono::seconds(1));
      }
      SongResult song{test_tone(), {}};
      song.report.seed = controls_of(request).seed.value_or(0);
      return song;
    };
  }

  std::vector<int64_t> seeds_;  // of the attempts
};

TEST_F(StudioBudget, a_job_over_its_budget_starts_again_once_with_twice_as_much) {
  script_.songs["slow"] = slow(150);  // the budget is 90, then 180
  start();
  const JobView job = make_song(kAnna, "slow");
  EXPECT_EQ(job.state, JobState::Done);
  ASSERT_EQ(job.warnings.size(), 1u);
  EXPECT_THAT(job.warnings[0].message, HasSubstr("90 s"));
  ASSERT_EQ(seeds_.size(), 2u);
  EXPECT_EQ(seeds_[0], seeds_[1]);
  const Json metadata = studio().result(kAnna, job.result_id).metadata;
  EXPECT_EQ(metadata.at("attempts").as_int(), 2);
  EXPECT_EQ(metadata.at("estimated_duration_s").as_int(), 90);
}

TEST_F(StudioBudget, the_second_time_is_the_last) {
  script_.songs["endless"] = slow(100000);
  start();
  const JobView job = make_song(kAnna, "endless");
  EXPECT_EQ(job.state, JobState::Failed);
  EXPECT_EQ(job.error->code, "timed_out");
  EXPECT_EQ(job.error->level, ProblemLevel::Warning);
  EXPECT_THAT(job.error->message, HasSubstr("180 s"));
  EXPECT_THAT(job.error->actions, ElementsAre(WayOut::FewerSteps, WayOut::ShorterDuration));
  EXPECT_EQ(seeds_.size(), 2u);
}

TEST_F(StudioBudget, loading_does_not_count) {
  script_.songs["long load"] = [this](const SongRequest& request, const JobContext& job) {
    job.progress({.stage = "loading"});
    clock_.advance(std::chrono::seconds(500));
    return make_fake_song(request, job);
  };
  start();
  const JobView job = make_song(kAnna, "long load");
  EXPECT_EQ(job.state, JobState::Done);
  EXPECT_TRUE(job.warnings.empty());
}

TEST_F(StudioBudget, waiting_does_not_count) {
  Gate gate;
  script_.songs["gate"] = [&](const SongRequest& request, const JobContext& job) {
    gate.pass(job.stop);
    return make_fake_song(request, job);
  };
  start();
  submit(kBert, "gate");
  const JobView job = submit(kAnna, "calm");
  clock_.advance(std::chrono::seconds(1000));
  gate.open();
  EXPECT_EQ(finish(kAnna, job.id).state, JobState::Done);
  const Json metadata = studio().result(kAnna, studio().job(kAnna, job.id).result_id).metadata;
  EXPECT_NEAR(metadata.at("queue_seconds").as_double(), 1000.0, 1.0);
}

TEST_F(StudioBudget, on_the_cpu_a_job_may_take_as_long_as_it_takes) {
  script_.facts.device = "cpu";
  script_.songs["slow"] = slow(2000);
  start();
  EXPECT_EQ(make_song(kAnna, "slow").state, JobState::Done);
  EXPECT_EQ(seeds_.size(), 1u);
}

TEST_F(StudioBudget, cancelling_is_not_taken_for_the_end_of_the_budget) {
  Gate gate;
  script_.songs["gate"] = [&](const SongRequest& request, const JobContext& job) {
    gate.pass(job.stop);
    return make_fake_song(request, job);
  };
  start();
  const JobView job = submit(kAnna, "gate");
  gate.wait_for_arrivals(1);
  clock_.advance(std::chrono::seconds(1000));
  studio().cancel(kAnna, job.id);
  EXPECT_EQ(finish(kAnna, job.id).state, JobState::Cancelled);
}

TEST_F(StudioBudget, memory_that_runs_out_while_loading_evicts_and_tries_once_more) {
  int calls = 0;
  script_.lyrics = [](const LyricsRequest&, const LyricsContext&) { return LyricsDraft{}; };
  script_.songs["big"] = [&](const SongRequest& request, const JobContext& job) {
    job.progress({.stage = "loading"});
    if (++calls == 1) throw Error(ErrorCode::OutOfMemory, "tensor: needs 9 GiB, 7 GiB are free");
    EXPECT_FALSE(job.smallest_tiles);
    EXPECT_EQ(script_.writers_alive, 0);
    return make_fake_song(request, job);
  };
  start();
  LyricsRequest brief;
  brief.brief = "rain";
  finish(kAnna, studio().submit(kAnna, {brief, {}}).id);
  EXPECT_EQ(script_.writers_alive, 1);
  EXPECT_EQ(make_song(kAnna, "big").state, JobState::Done);
}

TEST_F(StudioBudget, memory_that_runs_out_while_computing_tries_the_smallest_tiles) {
  std::vector<bool> smallest;
  script_.songs["big"] = [&](const SongRequest&, const JobContext& job) -> SongResult {
    smallest.push_back(job.smallest_tiles);
    job.progress({.stage = "decoding"});
    throw Error(ErrorCode::OutOfMemory, "tensor: needs 9 GiB, 7 GiB are free");
  };
  start();
  const JobView job = make_song(kAnna, "big");
  EXPECT_EQ(job.error->code, "out_of_memory");
  EXPECT_THAT(job.error->actions, Contains(WayOut::ShorterDuration));
  EXPECT_THAT(smallest, ElementsAre(false, true));
  EXPECT_EQ(make_song(kAnna, "fine").state, JobState::Done);
}

TEST_F(StudioBudget, host_memory_that_runs_out_is_out_of_memory) {
  script_.songs["huge"] = [](const SongRequest&, const JobContext&) -> SongResult {
    throw std::bad_alloc();
  };
  start();
  EXPECT_EQ(make_song(kAnna, "huge").error->code, "out_of_memory");
}

TEST_F(StudioBudget, a_silent_song_gets_another_seed_if_the_seed_was_drawn) {
  int calls = 0;
  script_.songs["silent"] = [&](const SongRequest& request, const JobContext&) {
    seeds_.push_back(controls_of(request).seed.value_or(0));
    AudioBuffer audio = test_tone();
    if (++calls == 1) audio = silent_audio(48000, 2, 24000);
    return SongResult{std::move(audio), {}};
  };
  start();
  EXPECT_EQ(make_song(kAnna, "silent").state, JobState::Done);
  ASSERT_EQ(seeds_.size(), 2u);
  EXPECT_NE(seeds_[0], seeds_[1]);
}

TEST_F(StudioBudget, unusable_sound_of_a_chosen_seed_is_an_error) {
  script_.songs["nan"] = [](const SongRequest&, const JobContext&) {
    AudioBuffer audio = test_tone();
    audio.samples.data[7] = std::numeric_limits<float>::quiet_NaN();
    return SongResult{std::move(audio), {}};
  };
  start();
  Submission chosen = song_submission("nan");
  controls_of(std::get<SongRequest>(chosen.request)).seed = 5;
  const JobView job = finish(kAnna, studio().submit(kAnna, chosen).id);
  EXPECT_EQ(job.state, JobState::Failed);
  EXPECT_TRUE(job.warnings.empty());
  EXPECT_TRUE(files_in("output").empty());
}

TEST_F(StudioBudget, the_engine_makes_room_before_it_loads) {
  script_.facts.free_bytes = 500;
  script_.facts.missing_bytes = 1000;
  script_.lyrics = [](const LyricsRequest&, const LyricsContext&) { return LyricsDraft{}; };
  start();
  LyricsRequest brief;
  brief.brief = "rain";
  finish(kAnna, studio().submit(kAnna, {brief, {}}).id);
  EXPECT_EQ(script_.writers_alive, 1);
  make_song(kAnna, "song");
  EXPECT_EQ(script_.writers_alive, 0);
  EXPECT_EQ(script_.engines_opened, 1);
}

TEST_F(StudioBudget, one_engine_serves_all_songs) {
  start();
  make_song(kAnna, "a");
  make_song(kBert, "b");
  EXPECT_EQ(script_.engines_opened, 1);
  studio_.reset();
  EXPECT_EQ(script_.engines_alive, 0);
}

}  // namespace
}  // namespace ams
