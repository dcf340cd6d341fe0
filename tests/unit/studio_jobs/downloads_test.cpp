// Models that a page asks for: jobs of their own, and what the studio does with what they bring.
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StudioDownloads : public StudioFixture {};

TEST_F(StudioDownloads, are_jobs_with_numbered_progress) {
  script_.download = [this](const std::string& name, const DownloadContext& context) {
    EXPECT_EQ(name, "lyrics");
    context.progress({.component = "name/model.safetensors",
                      .bytes = 500,
                      .total = 2000,
                      .bytes_per_second = 100,
                      .seconds_left = 15});
    clock_.advance(std::chrono::seconds(2));
    context.progress({.component = "name/model.safetensors", .bytes = 2000, .total = 2000});
  };
  start();
  const JobView started = studio().download_model(kAnna, "Qwen2.5-7B-Instruct");
  EXPECT_EQ(started.kind, JobKind::Download);
  EXPECT_EQ(started.model, "Qwen2.5-7B-Instruct");
  const JobView job = finish(kAnna, started.id);
  EXPECT_EQ(job.state, JobState::Done);
  std::vector<StageEvent> stages;
  for (const JobEvent& event : studio().events(kAnna, job.id, 0).events) {
    if (const auto* stage = std::get_if<StageEvent>(&event.body)) stages.push_back(*stage);
  }
  ASSERT_THAT(stages, SizeIs(2));
  EXPECT_EQ(stages[0].stage, Stage::Downloading);
  EXPECT_FALSE(stages[0].transfer);
  ASSERT_TRUE(stages[1].transfer);
  EXPECT_EQ(stages[1].transfer->bytes, 2000);
  EXPECT_EQ(stages[1].message, "name/model.safetensors");
  EXPECT_EQ(stages[1].fraction, 1.0);
}

TEST_F(StudioDownloads, tell_speed_and_time_left) {
  script_.download = [this](const std::string&, const DownloadContext& context) {
    clock_.advance(std::chrono::seconds(2));
    context.progress({.component = "x",
                      .bytes = 500,
                      .total = 2000,
                      .bytes_per_second = 100,
                      .seconds_left = 15});
    clock_.advance(std::chrono::milliseconds(500));
    context.progress({.component = "x", .bytes = 501, .total = 2000});  // too soon to be told
  };
  start();
  const JobView job = finish(kAnna, studio().download_model(kAnna, "lyrics").id);
  EXPECT_EQ(job.progress->fraction, 0.25);
  EXPECT_EQ(job.progress->eta_seconds, 15);
  EXPECT_EQ(job.progress->transfer->bytes_per_second, 100);
}

TEST_F(StudioDownloads, are_one_at_a_time_for_a_session_and_none_for_what_is_there) {
  Gate gate;
  script_.download = [&gate](const std::string&, const DownloadContext& context) {
    gate.pass(context.stop);
  };
  start();
  EXPECT_THAT(studio().download_offers(), SizeIs(1));
  const JobView first = studio().download_model(kAnna, "lyrics");
  const JobView second = studio().download_model(kAnna, "xl-sft");
  EXPECT_TRUE(second.existing);
  EXPECT_EQ(second.id, first.id);
  EXPECT_FALSE(studio().download_model(kBert, "lyrics").existing);
  gate.open();
  finish(kAnna, first.id);
  const JobView again = studio().download_model(kAnna, "lyrics");
  EXPECT_TRUE(again.existing);
  EXPECT_EQ(again.state, JobState::Done);
  EXPECT_THAT(studio().download_offers(), IsEmpty());
}

TEST_F(StudioDownloads, know_models_only) {
  start();
  for (const char* name : {"", "xxl", "someone/else", "Chinese New Year", "../x"}) {
    expect_error(ErrorCode::NotFound, "xl-sft", [&] { studio().download_model(kAnna, name); });
  }
}

TEST_F(StudioDownloads, stop_when_they_are_cancelled) {
  Gate gate;
  script_.download = [&gate](const std::string&, const DownloadContext& context) {
    gate.pass(context.stop);
  };
  start();
  const std::string id = studio().download_model(kAnna, "lyrics").id;
  gate.wait_for_arrivals(1);
  studio().cancel(kAnna, id);
  EXPECT_EQ(finish(kAnna, id).state, JobState::Cancelled);
  EXPECT_THAT(studio().download_offers(), SizeIs(1));
}

TEST_F(StudioDownloads, say_that_the_disk_is_full) {
  script_.download = [](const std::string&, const DownloadContext&) {
    throw Error(ErrorCode::OutOfMemory, "hub: 3 GB are free, the download needs 20 GB");
  };
  start();
  const JobView job = finish(kAnna, studio().download_model(kAnna, "lyrics").id);
  EXPECT_EQ(job.error->title, "The disk is full");
  EXPECT_THAT(job.error->message, HasSubstr("20 GB"));
  EXPECT_THAT(job.error->actions, ElementsAre(WayOut::Retry));
}

TEST_F(StudioDownloads, let_a_studio_write_lyrics_that_could_not_before) {
  script_.has_lyrics = false;
  script_.download = [this](const std::string&, const DownloadContext&) {
    script_.has_lyrics = true;
  };
  script_.lyrics = [](const LyricsRequest&, const LyricsContext&) { return LyricsDraft{}; };
  start();
  EXPECT_FALSE(studio().state().has_lyrics);
  LyricsRequest request;
  request.brief = "rain";
  expect_error(ErrorCode::Unsupported, "lyrics", [&] { studio().submit(kAnna, {request}); });
  finish(kAnna, studio().download_model(kAnna, "lyrics").id);
  EXPECT_TRUE(studio().state().has_lyrics);
  EXPECT_EQ(finish(kAnna, studio().submit(kAnna, {request}).id).state, JobState::Done);
}

TEST_F(StudioDownloads, of_song_models_are_used_by_the_next_song) {
  script_.download = [this](const std::string&, const DownloadContext&) {
    script_.facts.model = "better";
  };
  start();
  make_song(kAnna, "first");
  EXPECT_EQ(studio().state().engine->model, "fake");
  finish(kAnna, studio().download_model(kAnna, "xl-sft").id);
  EXPECT_FALSE(studio().state().engine);  // what it will be is in the survey
  EXPECT_EQ(studio().survey().facts.model, "better");
  EXPECT_EQ(script_.engines_opened, 1);
  make_song(kAnna, "second");
  EXPECT_EQ(script_.engines_opened, 2);
  EXPECT_EQ(script_.engines_alive, 1);
  EXPECT_EQ(studio().state().engine->model, "better");
}

}  // namespace
}  // namespace ams
