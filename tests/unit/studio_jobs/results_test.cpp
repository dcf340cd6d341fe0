// Finished songs: what is kept of them, for whom, for how long, and what is made of them.
#include <fstream>

#include "base/str.h"
#include "studio/post/audio_facts.h"
#include "studio/song_file.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StudioResults : public StudioFixture {
 protected:
  StudioResults() {
    script_.post = [this](const PostTask& task, const JobContext&) {
      ++post_runs_;
      PostReport report;
      for (const FileRole role : roles(task.kind)) {
        const fs::path path = task.folder / std::string(file_role_name(role));
        write_song_file(path, test_tone());
        report.files.push_back({role, path, "audio/wav", 0.5, -14.0});
      }
      report.facts = Json::object();
      report.facts.set("kind", job_kind_name(task.kind));
      return report;
    };
  }

  static std::vector<FileRole> roles(JobKind kind) {
    if (kind == JobKind::Normalise) return {FileRole::Normalised};
    if (kind == JobKind::Mp3) return {FileRole::Mp3};
    return {FileRole::Vocals, FileRole::Drums, FileRole::Bass, FileRole::Other, FileRole::StemsZip};
  }
  JobView process(const std::string& result, JobKind kind, FileRole source = FileRole::Song) {
    return finish(kAnna, studio().process(kAnna, result, kind, source).id);
  }
  static std::vector<FileRole> roles_in(const ResultView& result) {
    std::vector<FileRole> found;
    for (const ResultFile& file : result.files) found.push_back(file.role);
    return found;
  }

  int post_runs_ = 0;
};

TEST_F(StudioResults, a_song_is_kept_with_its_document) {
  start();
  const JobView job = make_song(kAnna, "warm lo-fi piano that goes on and on");
  const ResultView result = studio().result(kAnna, job.result_id);
  EXPECT_EQ(result.job_id, job.id);
  EXPECT_EQ(result.mode, "generate");
  EXPECT_EQ(result.label, "warm lo-fi piano that goes on ");
  EXPECT_NEAR(result.duration_seconds, 0.5, 1e-6);
  EXPECT_TRUE(result.inputs_available);
  EXPECT_EQ(result.metadata.at("job_id").as_string(), job.id);
  EXPECT_EQ(result.metadata.at("attempts").as_int(), 1);
  EXPECT_GT(result.metadata.at("seed").as_int(), 0);
  ASSERT_THAT(result.files, SizeIs(1));
  EXPECT_TRUE(result.files[0].peaks);
  EXPECT_TRUE(result.files[0].lufs);
  EXPECT_THAT(files_in("output"), ElementsAre(str(result.id, ".json"), str(result.id, ".wav")));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
  EXPECT_EQ(result.expires_at - result.created_at, std::chrono::hours(24));
}

TEST_F(StudioResults, its_file_is_found_by_an_id_that_tells_nothing) {
  start();
  const JobView job = make_song(kAnna, "calm");
  const ResultView result = studio().result(kAnna, job.result_id);
  const StoredFile file = studio().file(result.files[0].file_id);
  EXPECT_EQ(file.mime, "audio/wav");
  EXPECT_EQ(file.bytes, static_cast<int64_t>(fs::file_size(file.path)));
  EXPECT_THAT(file.name, testing::MatchesRegex("generate-[0-9a-f]+\\.wav"));
  expect_error(ErrorCode::NotFound, "", [&] { studio().file(result.id); });
  expect_error(ErrorCode::NotFound, "", [&] { studio().file(str(result.id, ".json")); });
}

TEST_F(StudioResults, belong_to_their_session) {
  start();
  const JobView job = make_song(kAnna, "calm");
  const auto refused = [&](const std::function<void()>& call) {
    expect_error(ErrorCode::NotFound, "", call);
  };
  refused([&] { studio().result(kBert, job.result_id); });
  refused([&] { studio().job(kBert, job.id); });
  refused([&] { studio().cancel(kBert, job.id); });
  refused([&] { studio().events(kBert, job.id, 0); });
  refused([&] { studio().wait_events(kBert, job.id, 0, {}); });
  refused([&] { studio().retake(kBert, job.id, {}); });
  refused([&] { studio().process(kBert, job.result_id, JobKind::Mp3, FileRole::Song); });
  refused([&] {
    studio().upload_from_result(kBert, job.result_id, FileRole::Song, UploadRole::RefAudio);
  });
  EXPECT_THAT(studio().history(kBert), IsEmpty());
}

TEST_F(StudioResults, forged_ids_are_not_found_whatever_they_look_like) {
  start();
  for (const char* id :
       {"", "..", "../../etc/passwd", "r_0", "r_ffffffffffffffffffffffffffffffff"}) {
    expect_error(ErrorCode::NotFound, "", [&] { studio().result(kAnna, id); });
    expect_error(ErrorCode::NotFound, "", [&] { studio().job(kAnna, id); });
    expect_error(ErrorCode::NotFound, "", [&] { studio().upload(kAnna, id); });
    expect_error(ErrorCode::NotFound, "", [&] { studio().file(id); });
  }
}

TEST_F(StudioResults, requests_can_name_no_paths) {
  start();
  CoverRequest cover;
  cover.ref_audio = "/etc/passwd";
  expect_error(ErrorCode::NotFound, "", [&] { studio().submit(kAnna, {SongRequest(cover), {}}); });
  Submission lora = song_submission("calm");
  controls_of(std::get<SongRequest>(lora.request)).loras = {{"/tmp/x.safetensors", 1.0}};
  expect_error(ErrorCode::NotFound, "", [&] { studio().submit(kAnna, lora); });
  Submission model = song_submission("calm");
  controls_of(std::get<SongRequest>(model.request)).model = "../secret";
  expect_error(ErrorCode::InvalidRequest, "model", [&] { studio().submit(kAnna, model); });
  EXPECT_THAT(script_.prompts(), IsEmpty());
}

TEST_F(StudioResults, history_is_newest_first_and_holds_twelve) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 14; ++i) ids.push_back(make_song(kAnna, str("p", i)).result_id);
  const std::vector<HistoryItem> items = studio().history(kAnna);
  ASSERT_THAT(items, SizeIs(12));
  EXPECT_EQ(items.front().result_id, ids.back());
  EXPECT_EQ(items.front().label, "p13");
  EXPECT_TRUE(items.front().available);
  EXPECT_THAT(studio().history(kBert), IsEmpty());
}

TEST_F(StudioResults, are_cleaned_up_after_their_time) {
  start();
  const JobView job = make_song(kAnna, "calm");
  clock_.advance(std::chrono::hours(23));
  studio().sweep();
  EXPECT_NO_THROW(studio().result(kAnna, job.result_id));
  clock_.advance(std::chrono::hours(1));
  studio().sweep();
  expect_error(ErrorCode::Gone, "cleaned up", [&] { studio().result(kAnna, job.result_id); });
  EXPECT_THAT(files_in("output"), IsEmpty());
  ASSERT_THAT(studio().history(kAnna), SizeIs(1));
  EXPECT_FALSE(studio().history(kAnna)[0].available);
}

TEST_F(StudioResults, the_oldest_go_when_there_are_too_many) {
  StudioOptions few = options();
  few.max_results = 2;
  start(few);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(make_song(kAnna, "p").result_id);
    clock_.advance(std::chrono::seconds(1));
  }
  studio().sweep();
  expect_error(ErrorCode::Gone, "", [&] { studio().result(kAnna, ids[0]); });
  EXPECT_NO_THROW(studio().result(kAnna, ids[1]));
  EXPECT_NO_THROW(studio().result(kAnna, ids[2]));
}

TEST_F(StudioResults, a_retake_has_the_same_request_and_another_seed) {
  start();
  const JobView first = make_song(kAnna, "calm");
  const JobView second = finish(kAnna, studio().retake(kAnna, first.id, {}).id);
  EXPECT_NE(second.id, first.id);
  EXPECT_THAT(script_.prompts(), ElementsAre("calm", "calm"));
  EXPECT_NE(studio().result(kAnna, first.result_id).metadata.at("seed").as_int(),
            studio().result(kAnna, second.result_id).metadata.at("seed").as_int());
  const JobView third = finish(kAnna, studio().retake(kAnna, first.id, 77).id);
  EXPECT_EQ(studio().result(kAnna, third.result_id).metadata.at("seed").as_int(), 77);
}

TEST_F(StudioResults, inputs_reach_the_engine_as_files_and_stay_with_the_song) {
  std::string seen;
  script_.songs[""] = [&](const SongRequest& request, const JobContext& job) {
    seen = std::get<ExtendRequest>(request).seed_audio;
    EXPECT_TRUE(fs::exists(seen));
    return make_fake_song(request, job);
  };
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::SeedAudio, 3.0);
  ExtendRequest extend;
  extend.seed_audio = upload.id;
  const JobView job = finish(kAnna, studio().submit(kAnna, {SongRequest(extend), {}}).id);
  EXPECT_THAT(seen, HasSubstr("uploads"));
  const ResultView result = studio().result(kAnna, job.result_id);
  EXPECT_EQ(std::get<ExtendRequest>(std::get<SongRequest>(result.request)).seed_audio, upload.id);
  EXPECT_THAT(roles_in(result), ElementsAre(FileRole::Song, FileRole::Input));
  EXPECT_NEAR(result.seed_end_seconds.value_or(0), 3.0, 1e-6);
  EXPECT_TRUE(result.inputs_available);

  // Long after the upload has gone, the copy beside the song serves a retake.
  clock_.advance(std::chrono::hours(3));
  studio().sweep();
  EXPECT_FALSE(studio().result(kAnna, job.result_id).inputs_available);
  const JobView retake = finish(kAnna, studio().retake(kAnna, job.id, {}).id);
  EXPECT_EQ(retake.state, JobState::Done);
}

TEST_F(StudioResults, a_retake_without_its_input_names_what_is_gone) {
  script_.songs[""] = [](const SongRequest&, const JobContext&) -> SongResult {
    throw Error(ErrorCode::Internal, "engine: broken");
  };
  start();
  CoverRequest cover;
  cover.ref_audio = upload_tone(kAnna, UploadRole::RefAudio).id;
  const JobView job = finish(kAnna, studio().submit(kAnna, {SongRequest(cover), {}}).id);
  clock_.advance(std::chrono::hours(3));
  studio().sweep();
  expect_error(ErrorCode::Gone, "ref_audio", [&] { studio().retake(kAnna, job.id, {}); });
}

TEST_F(StudioResults, a_segment_outside_of_its_source_is_refused_before_the_queue) {
  start();
  EditRequest edit;
  edit.source_audio = upload_tone(kAnna, UploadRole::SourceAudio, 5.0).id;
  edit.segment_start_seconds = 2;
  edit.segment_end_seconds = 7;
  try {
    studio().submit(kAnna, {SongRequest(edit), {}});
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(problem_of(error).field, "segment_end_s");
    EXPECT_THAT(problem_of(error).message, HasSubstr("5 s"));
  }
}

TEST_F(StudioResults, a_result_becomes_an_input) {
  start();
  script_.songs["long"] = [](const SongRequest&, const JobContext&) {
    AudioBuffer tone = silent_audio(48000, 2, 48000 * 62);
    for (float& sample : tone.samples.data) sample = 0.25f;
    return SongResult{std::move(tone), {}};
  };
  const JobView job = make_song(kAnna, "long");
  const AudioUpload seed =
      studio().upload_from_result(kAnna, job.result_id, FileRole::Song, UploadRole::SeedAudio);
  EXPECT_NEAR(seed.duration_seconds, 62.0, 1e-3);
  const AudioUpload reference =
      studio().upload_from_result(kAnna, job.result_id, FileRole::Song, UploadRole::RefAudio);
  EXPECT_NEAR(reference.duration_seconds, 60.0, 1e-3);
  expect_error(ErrorCode::NotFound, "mp3", [&] {
    studio().upload_from_result(kAnna, job.result_id, FileRole::Mp3, UploadRole::RefAudio);
  });
}

TEST_F(StudioResults, post_processing_adds_files_once) {
  start();
  const JobView song = make_song(kAnna, "calm");
  const std::string before = studio().result(kAnna, song.result_id).files[0].file_id;
  const JobView job = process(song.result_id, JobKind::Normalise);
  EXPECT_EQ(job.state, JobState::Done);
  EXPECT_EQ(job.result_id, song.result_id);
  const ResultView result = studio().result(kAnna, song.result_id);
  EXPECT_THAT(roles_in(result), ElementsAre(FileRole::Song, FileRole::Normalised));
  EXPECT_EQ(result.files[0].file_id, before);
  EXPECT_EQ(result.files[1].lufs, -14.0);
  EXPECT_TRUE(result.files[1].peaks);
  EXPECT_EQ(result.metadata.at("post").at(0).at("kind").as_string(), "normalise");
  EXPECT_THAT(files_in("output"), Contains(EndsWith(".lufs-14.wav")));

  const JobView again = studio().process(kAnna, song.result_id, JobKind::Normalise, FileRole::Song);
  EXPECT_TRUE(again.existing);
  EXPECT_EQ(again.state, JobState::Done);
  EXPECT_EQ(post_runs_, 1);
}

TEST_F(StudioResults, a_file_of_another_source_replaces_the_old_one) {
  start();
  const JobView song = make_song(kAnna, "calm");
  process(song.result_id, JobKind::Normalise);
  process(song.result_id, JobKind::Mp3);
  const std::string old = studio().result(kAnna, song.result_id).files[2].file_id;
  process(song.result_id, JobKind::Mp3, FileRole::Normalised);
  EXPECT_EQ(post_runs_, 3);
  const ResultView result = studio().result(kAnna, song.result_id);
  EXPECT_THAT(roles_in(result), ElementsAre(FileRole::Song, FileRole::Normalised, FileRole::Mp3));
  expect_error(ErrorCode::NotFound, "", [&] { studio().file(old); });
  EXPECT_THAT(files_in("output"), Contains(EndsWith(".lufs-14.mp3")));
  EXPECT_THAT(files_in("output"), Not(Contains(str(song.result_id, ".mp3"))));
}

TEST_F(StudioResults, failed_post_processing_leaves_the_song_as_it_was) {
  script_.post = [](const PostTask& task, const JobContext&) -> PostReport {
    std::ofstream(task.folder / "half.wav") << "half";
    throw Error(ErrorCode::InvalidRequest, "post: silence has no loudness");
  };
  start();
  const JobView song = make_song(kAnna, "calm");
  EXPECT_EQ(process(song.result_id, JobKind::Normalise).state, JobState::Failed);
  EXPECT_THAT(studio().result(kAnna, song.result_id).files, SizeIs(1));
  EXPECT_THAT(files_in("output"), SizeIs(2));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
}

TEST_F(StudioResults, post_processing_does_not_wait_for_songs) {
  Gate gate;
  script_.songs["gate"] = [&](const SongRequest& request, const JobContext& job) {
    gate.pass(job.stop);
    return make_fake_song(request, job);
  };
  start();
  const JobView song = make_song(kAnna, "calm");
  submit(kBert, "gate");
  gate.wait_for_arrivals(1);
  EXPECT_EQ(process(song.result_id, JobKind::Stems).state, JobState::Done);
  EXPECT_THAT(studio().result(kAnna, song.result_id).files, SizeIs(6));
  gate.open();
}

TEST_F(StudioResults, a_result_that_is_worked_on_is_not_cleaned_up) {
  Gate gate;
  script_.post = [&](const PostTask& task, const JobContext& job) {
    gate.pass(job.stop);
    EXPECT_TRUE(fs::exists(task.source));
    return PostReport{};
  };
  start();
  const JobView song = make_song(kAnna, "calm");
  const JobView job = studio().process(kAnna, song.result_id, JobKind::Mp3, FileRole::Song);
  gate.wait_for_arrivals(1);
  clock_.advance(std::chrono::hours(25));
  studio().sweep();
  gate.open();
  EXPECT_EQ(finish(kAnna, job.id).state, JobState::Done);
  studio().sweep();
  expect_error(ErrorCode::Gone, "", [&] { studio().result(kAnna, song.result_id); });
}

TEST_F(StudioResults, nonsense_orders_are_refused) {
  start();
  const JobView song = make_song(kAnna, "calm");
  const auto refused = [&](ErrorCode code, JobKind kind, FileRole source) {
    expect_error(code, "", [&] { studio().process(kAnna, song.result_id, kind, source); });
  };
  refused(ErrorCode::InvalidRequest, JobKind::Song, FileRole::Song);
  refused(ErrorCode::InvalidRequest, JobKind::Mp3, FileRole::Mp3);
  refused(ErrorCode::InvalidRequest, JobKind::Normalise, FileRole::Normalised);
  refused(ErrorCode::NotFound, JobKind::Mp3, FileRole::Normalised);
}

TEST_F(StudioResults, the_file_of_a_song_holds_its_request) {
  start();
  const JobView job = make_song(kAnna, "warm lo-fi piano");
  const ResultView result = studio().result(kAnna, job.result_id);
  const fs::path path = studio().file(result.files.at(0).file_id).path;
  const Json request = Json::parse(request_in_audio(path), "tag");
  EXPECT_EQ(request.get("prompt", ""), "warm lo-fi piano");
  EXPECT_EQ(request.get("seed", int64_t{-1}), result.metadata.get("seed", int64_t{0}));
  const AudioTags tags = audio_facts(path, {}).source.tags;
  EXPECT_EQ(tags.title, "Generate: warm lo-fi piano");
  EXPECT_TRUE(tags.year);
}

}  // namespace
}  // namespace ams
