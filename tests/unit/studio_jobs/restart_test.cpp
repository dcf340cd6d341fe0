// What survives the end of a process, and what a data folder has to be.
#include <csignal>
#include <fstream>

#include <sys/resource.h>

#include "base/str.h"
#include "studio/jobs/data_folder.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StudioRestart : public StudioFixture {
 protected:
  fs::path output(const std::string& name) const { return options().data_folder / "output" / name; }
};

TEST_F(StudioRestart, finished_results_come_back_for_their_session) {
  start();
  const JobView job = make_song(kAnna, "calm");
  const ResultView before = studio().result(kAnna, job.result_id);
  start();
  const ResultView after = studio().result(kAnna, job.result_id);
  EXPECT_EQ(after.label, "calm");
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.metadata, before.metadata);
  ASSERT_EQ(after.files.size(), before.files.size());
  EXPECT_EQ(after.files[0].file_id, before.files[0].file_id);
  EXPECT_EQ(after.files[0].peaks->max, before.files[0].peaks->max);
  EXPECT_NO_THROW(studio().file(before.files[0].file_id));
  EXPECT_THAT(studio().history(kAnna), SizeIs(1));
  expect_error(ErrorCode::NotFound, "", [&] { studio().result(kBert, job.result_id); });
}

TEST_F(StudioRestart, a_stream_that_was_cut_learns_how_its_job_ended) {
  start();
  const JobView job = make_song(kAnna, "calm");
  start();
  EXPECT_EQ(studio().job(kAnna, job.id).state, JobState::Done);
  const EventBatch batch = studio().wait_events(kAnna, job.id, job.last_event, {});
  ASSERT_THAT(batch.events, SizeIs(1));
  EXPECT_EQ(event_kind(batch.events[0]), "done");
  EXPECT_TRUE(batch.is_complete);
  EXPECT_EQ(finish(kAnna, studio().retake(kAnna, job.id, {}).id).state, JobState::Done);
}

TEST_F(StudioRestart, halves_are_removed_and_never_served) {
  start();
  const JobView whole = make_song(kAnna, "whole");
  const JobView cut = make_song(kAnna, "cut");
  const JobView missing = make_song(kAnna, "missing");
  studio_.reset();
  fs::resize_file(output(str(cut.result_id, ".wav")), 100);
  fs::remove(output(str(missing.result_id, ".wav")));
  std::ofstream(output("r_orphan.wav")) << "audio without a document";
  std::ofstream(output("r_broken.json")) << "{\"schema\": \"ams.res";
  std::ofstream(options().data_folder / "tmp" / "left.over") << "x";
  start();
  EXPECT_NO_THROW(studio().result(kAnna, whole.result_id));
  expect_error(ErrorCode::NotFound, "", [&] { studio().result(kAnna, cut.result_id); });
  expect_error(ErrorCode::NotFound, "", [&] { studio().result(kAnna, missing.result_id); });
  EXPECT_THAT(files_in("output"),
              ElementsAre(str(whole.result_id, ".json"), str(whole.result_id, ".wav")));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
}

TEST_F(StudioRestart, documents_of_others_lead_nowhere) {
  start();
  const JobView job = make_song(kAnna, "calm");
  studio_.reset();
  std::ifstream in(output(str(job.result_id, ".json")));
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string name = str(job.result_id, ".wav");
  text.replace(text.find(str('"', name, '"')), name.size() + 2, "\"../../secret\"");
  std::ofstream(output(str(job.result_id, ".json"))) << text;
  std::ofstream(folder_.path() / "secret") << "x";
  start();
  expect_error(ErrorCode::NotFound, "", [&] { studio().result(kAnna, job.result_id); });
  EXPECT_TRUE(fs::exists(folder_.path() / "secret"));
}

TEST_F(StudioRestart, results_that_are_too_old_do_not_come_back) {
  start();
  const JobView job = make_song(kAnna, "calm");
  studio_.reset();
  clock_.advance(std::chrono::hours(25));
  start();
  EXPECT_THAT(files_in("output"), IsEmpty());
}

TEST_F(StudioRestart, a_date_that_was_set_back_keeps_results) {
  start();
  const JobView job = make_song(kAnna, "calm");
  studio_.reset();
  clock_.set_date_back(std::chrono::hours(100));
  start();
  EXPECT_NO_THROW(studio().result(kAnna, job.result_id));
}

TEST_F(StudioRestart, a_second_server_on_the_folder_is_refused) {
  start();
  expect_error(ErrorCode::InvalidRequest, "in use by another ams server", [&] {
    Studio(options(), fake_parts(script_, clock_));
  });
  EXPECT_EQ(make_song(kAnna, "calm").state, JobState::Done);
}

TEST_F(StudioRestart, a_folder_that_cannot_be_written_is_one_clear_error) {
  StudioOptions bad = options();
  bad.data_folder = folder_.write("file", "x") / "data";  // root may write where others may not
  try {
    Studio(bad, fake_parts(script_, clock_));
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidRequest);
    EXPECT_EQ(error_code_info(error.code()).exit_code, 2);
    EXPECT_THAT(error.what(), HasSubstr("cannot be written"));
    EXPECT_THAT(std::string(error.what()), Not(HasSubstr("\n")));
  }
}

TEST_F(StudioRestart, a_disk_that_is_nearly_full_fails_the_job_before_it_computes) {
  uintmax_t free_bytes = 0;
  free_disk_bytes_ = [&](const fs::path&) { return free_bytes; };
  start();
  const JobView job = make_song(kAnna, "calm");
  EXPECT_EQ(job.state, JobState::Failed);
  EXPECT_THAT(job.error->message, HasSubstr("no space"));
  EXPECT_THAT(job.error->message, HasSubstr("tmp"));
  EXPECT_THAT(script_.prompts(), IsEmpty());
  EXPECT_THAT(files_in("output"), IsEmpty());
}

TEST_F(StudioRestart, space_is_asked_for_with_what_must_stay_free) {
  uintmax_t free_bytes = 0;
  const DataFolder folder(
      folder_.path() / "space", size_t{512} << 20, [&](const fs::path&) { return free_bytes; });
  free_bytes = (uintmax_t{512} << 20) + 1000;
  EXPECT_NO_THROW(folder.require_space(FolderRole::Output, 1000));
  expect_error(
      ErrorCode::Internal, "output", [&] { folder.require_space(FolderRole::Output, 1001); });
}

TEST_F(StudioRestart, a_disk_that_fills_while_saving_leaves_no_half_file) {
  start();
  make_song(kAnna, "before");
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tiny{20000, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tiny);
  const JobView job = make_song(kAnna, "too large");
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(job.state, JobState::Failed);
  EXPECT_THAT(job.error->message, Not(HasSubstr(folder_.path().string())));
  EXPECT_THAT(files_in("output"), SizeIs(2));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
  EXPECT_EQ(make_song(kAnna, "after").state, JobState::Done);
}

}  // namespace
}  // namespace ams
