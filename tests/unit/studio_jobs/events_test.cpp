// What a session is told about its job, and when.
#include <future>
#include <thread>

#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::SizeIs;

class StudioEvents : public StudioFixture {
 protected:
  StudioEvents() {
    script_.songs["gate"] = [this](const SongRequest& request, const JobContext& job) {
      gate_.pass(job.stop);
      return make_fake_song(request, job);
    };
  }
  ~StudioEvents() override {
    gate_.open();
    studio_.reset();  // its jobs use the gate
  }

  Gate gate_;
};

TEST_F(StudioEvents, a_song_tells_queue_stages_plan_and_end_in_order) {
  start();
  const JobView job = make_song(kAnna, "calm");
  const std::vector<std::string> kinds = event_kinds(kAnna, job.id);
  EXPECT_EQ(kinds.front(), "queued");
  EXPECT_EQ(kinds.back(), "done");
  std::vector<std::string> without_repeats;
  for (const std::string& kind : kinds) {
    if (without_repeats.empty() || without_repeats.back() != kind) without_repeats.push_back(kind);
  }
  EXPECT_THAT(
      without_repeats,
      ElementsAre(
          "queued", "loading", "planner", "plan", "diffusion", "decoding", "saving", "done"));
}

TEST_F(StudioEvents, numbers_count_from_one_without_gaps) {
  start();
  const JobView job = make_song(kAnna, "calm");
  int64_t expected = 1;
  for (const JobEvent& event : studio().events(kAnna, job.id, 0).events) {
    EXPECT_EQ(event.id, expected++);
  }
  EXPECT_EQ(job.last_event, expected - 1);
}

TEST_F(StudioEvents, replay_from_any_number_gives_the_rest) {
  start();
  const JobView job = make_song(kAnna, "calm");
  const EventBatch all = studio().events(kAnna, job.id, 0);
  for (int64_t after = 0; after <= job.last_event; ++after) {
    const EventBatch rest = studio().events(kAnna, job.id, after);
    ASSERT_EQ(static_cast<int64_t>(rest.events.size()), job.last_event - after);
    EXPECT_TRUE(rest.is_complete);
    if (!rest.events.empty()) {
      EXPECT_EQ(rest.events.front().id, after + 1);
    }
  }
  EXPECT_TRUE(studio().events(kAnna, job.id, 1000).events.empty());
}

TEST_F(StudioEvents, the_first_event_is_there_when_submit_returns) {
  start();
  const JobView job = submit(kAnna, "gate");
  EXPECT_THAT(event_kinds(kAnna, job.id), SizeIs(Ge(1u)));
}

TEST_F(StudioEvents, the_plan_is_known_before_the_song) {
  start();
  const JobView job = make_song(kAnna, "calm");
  ASSERT_TRUE(job.plan);
  EXPECT_EQ(job.plan->bpm, 90);
}

TEST_F(StudioEvents, a_silent_job_beats_every_fifteen_seconds_also_while_it_waits) {
  start();
  submit(kBert, "gate");
  gate_.wait_for_arrivals(1);
  const JobView waiting = submit(kAnna, "calm");
  for (int beat = 0; beat < 3; ++beat) {
    auto answer = std::async(std::launch::async, [&] {
      return studio().wait_events(kAnna, waiting.id, waiting.last_event, {});
    });
    clock_.advance(std::chrono::seconds(14));
    EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
    while (answer.wait_for(std::chrono::milliseconds(5)) == std::future_status::timeout) {
      clock_.advance(std::chrono::seconds(1));
    }
    const EventBatch batch = answer.get();
    ASSERT_THAT(batch.events, SizeIs(1));
    EXPECT_EQ(event_kind(batch.events[0]), "heartbeat");
    EXPECT_EQ(batch.events[0].id, waiting.last_event);
  }
  EXPECT_THAT(event_kinds(kAnna, waiting.id), ElementsAre("queued"));
}

TEST_F(StudioEvents, waiting_ends_with_the_next_event) {
  start();
  const JobView job = submit(kAnna, "gate");
  gate_.wait_for_arrivals(1);
  const int64_t seen = studio().job(kAnna, job.id).last_event;
  auto answer =
      std::async(std::launch::async, [&] { return studio().wait_events(kAnna, job.id, seen, {}); });
  gate_.open();
  const EventBatch batch = answer.get();
  ASSERT_FALSE(batch.events.empty());
  EXPECT_EQ(batch.events.front().id, seen + 1);
}

TEST_F(StudioEvents, waiting_ends_when_its_stop_is_requested) {
  start();
  const JobView job = submit(kAnna, "gate");
  gate_.wait_for_arrivals(1);
  const int64_t seen = studio().job(kAnna, job.id).last_event;
  std::stop_source stop;
  auto answer = std::async(std::launch::async, [&] {
    return studio().wait_events(kAnna, job.id, seen, stop.get_token());
  });
  stop.request_stop();
  EXPECT_TRUE(answer.get().events.empty());
}

TEST_F(StudioEvents, notes_of_request_and_engine_are_warnings_of_the_job) {
  script_.songs["noted"] = [](const SongRequest& request, const JobContext& job) {
    SongResult song = make_fake_song(request, job);
    song.report.warnings.emplace_back("the model has no planner");
    return song;
  };
  start();
  Submission submission = song_submission("noted");
  submission.warnings = {"request: unknown field 'x'"};
  const JobView job = finish(kAnna, studio().submit(kAnna, submission).id);
  ASSERT_THAT(job.warnings, SizeIs(2));
  EXPECT_EQ(job.warnings[0].message, "request: unknown field 'x'");
  EXPECT_EQ(job.warnings[1].message, "the model has no planner");
  EXPECT_EQ(job.warnings[1].level, ProblemLevel::Warning);
}

TEST_F(StudioEvents, many_streams_see_the_same_events) {
  start();
  const JobView job = submit(kAnna, "gate");
  std::vector<std::future<int64_t>> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(std::async(std::launch::async, [&] {
      int64_t after = 0;
      for (;;) {
        const EventBatch batch = studio().wait_events(kAnna, job.id, after, {});
        for (const JobEvent& event : batch.events) {
          if (event.id != after + 1) return int64_t{-1};
          after = event.id;
        }
        if (batch.is_complete) return after;
      }
    }));
  }
  gate_.open();
  const int64_t last = finish(kAnna, job.id).last_event;
  for (auto& stream : streams) EXPECT_EQ(stream.get(), last);
}

TEST_F(StudioEvents, stage_events_tell_elapsed_and_measured_time_left) {
  script_.songs["timed"] = [this](const SongRequest&, const JobContext& job) {
    for (int64_t step = 1; step <= 10; ++step) {
      job.progress({.stage = "diffusion",
                    .fraction = static_cast<double>(step) / 10,
                    .step = step,
                    .total = 10});
      clock_.advance(std::chrono::seconds(1));
    }
    job.progress({.stage = "decoding"});
    clock_.advance(std::chrono::seconds(5));
    return SongResult{test_tone(), {}};
  };
  start();
  const JobView first = make_song(kAnna, "timed");
  for (const JobEvent& event : studio().events(kAnna, first.id, 0).events) {
    const auto* stage = std::get_if<StageEvent>(&event.body);
    if (stage != nullptr) {
      EXPECT_FALSE(stage->eta_seconds);  // nothing was measured yet
    }
  }
  const JobView second = make_song(kAnna, "timed");
  for (const JobEvent& event : studio().events(kAnna, second.id, 0).events) {
    const auto* stage = std::get_if<StageEvent>(&event.body);
    if (stage == nullptr || stage->stage != Stage::Diffusion || stage->step != 6) continue;
    EXPECT_NEAR(stage->elapsed_seconds, 5.0, 1e-6);
    EXPECT_NEAR(stage->eta_seconds.value_or(0), 5.0 / 6.0 * 4.0 * 1.0 + 5.0, 0.1);
  }
}

TEST_F(StudioEvents, fast_steps_are_thinned_out_but_the_last_one_stays) {
  script_.songs["fast"] = [](const SongRequest&, const JobContext& job) {
    for (int64_t step = 1; step <= 1000; ++step) {
      job.progress({.stage = "diffusion", .step = step, .total = 1000});
    }
    return SongResult{test_tone(), {}};
  };
  start();
  const JobView job = make_song(kAnna, "fast");
  EXPECT_LT(job.last_event, 10);
  bool has_last = false;
  for (const JobEvent& event : studio().events(kAnna, job.id, 0).events) {
    const auto* stage = std::get_if<StageEvent>(&event.body);
    has_last = has_last || (stage != nullptr && stage->step == 1000);
  }
  EXPECT_TRUE(has_last);
}

TEST_F(StudioEvents, a_job_contains_the_text_of_all_its_events) {
  script_.lyrics = [](const LyricsRequest&, const LyricsContext& context) {
    LyricsDraft draft;
    for (const char* word : {"[verse]\n", "rain ", "falls\n"}) {
      context.progress({.stage = "writing", .step = ++draft.tokens, .total = 600});
      context.text(word);
    }
    draft.text = "[verse]\nrain falls\n";
    return draft;
  };
  start();
  LyricsRequest brief;
  brief.brief = "rain";
  const JobView job = finish(kAnna, studio().submit(kAnna, {brief, {}}).id);
  EXPECT_EQ(job.text, "[verse]\nrain falls\n");
  EXPECT_EQ(job.tokens, 3);
  const ResultView result = studio().result(kAnna, job.result_id);
  EXPECT_EQ(result.mode, "lyrics");
  EXPECT_EQ(result.text, "[verse]\nrain falls\n");
  EXPECT_TRUE(result.files.empty());
}

}  // namespace
}  // namespace ams
