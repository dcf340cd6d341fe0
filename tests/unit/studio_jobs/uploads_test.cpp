// What sessions upload: checks, limits, ownership, time.
#include <algorithm>
#include <fstream>

#include "support/safetensors_bytes.h"
#include "unit/studio_jobs/studio_fixture.h"

namespace ams {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StudioUploads : public StudioFixture {
 protected:
  // The problem of a refused upload.
  Problem refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return problem_of(error);
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }
};

std::string adapter_bytes(float value) {
  const std::string module = "base_model.model.layers.0.self_attn.q_proj";
  return safetensors_bytes({{module + ".lora_A.weight", {2, 4}, std::vector<float>(8, value)},
                            {module + ".lora_B.weight", {4, 2}, std::vector<float>(8, value)}});
}

TEST_F(StudioUploads, facts_hash_and_outline_of_audio_are_told) {
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::RefAudio, 2.0);
  EXPECT_EQ(upload.container, "wav");
  EXPECT_NEAR(upload.duration_seconds, 2.0, 1e-6);
  EXPECT_EQ(upload.sample_rate, 8000);
  EXPECT_EQ(upload.channels, 1);
  EXPECT_THAT(upload.sha256, SizeIs(64));
  EXPECT_THAT(upload.peaks.min, SizeIs(2000));
  EXPECT_NEAR(*std::max_element(upload.peaks.max.begin(), upload.peaks.max.end()), 0.5, 0.01);
  EXPECT_EQ(upload.name, "my tone.wav");
  EXPECT_FALSE(upload.existing);
  EXPECT_EQ(studio().upload(kAnna, upload.id).sha256, upload.sha256);
}

TEST_F(StudioUploads, a_file_can_be_listened_to_by_its_id) {
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::RefAudio);
  const StoredFile file = studio().file(upload.file_id);
  EXPECT_EQ(file.mime, "audio/wav");
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(file.path)), file.bytes);
  expect_error(ErrorCode::NotFound, "no such file", [&] { studio().file("../../etc/passwd"); });
  expect_error(ErrorCode::NotFound, "no such file", [&] { studio().file(upload.id); });
}

TEST_F(StudioUploads, the_same_file_is_not_kept_twice) {
  start();
  const AudioUpload first = upload_tone(kAnna, UploadRole::RefAudio);
  const AudioUpload second = upload_tone(kAnna, UploadRole::RefAudio);
  EXPECT_TRUE(second.existing);
  EXPECT_EQ(second.id, first.id);
  EXPECT_THAT(files_in("uploads"), SizeIs(1));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
  EXPECT_FALSE(upload_tone(kBert, UploadRole::RefAudio).existing);
}

TEST_F(StudioUploads, of_another_session_there_is_nothing) {
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::RefAudio);
  expect_error(ErrorCode::NotFound, "", [&] { studio().upload(kBert, upload.id); });
}

TEST_F(StudioUploads, what_is_no_audio_is_refused_by_content) {
  start();
  const Problem problem = refusal([&] {
    studio().accept_audio(kAnna,
                          UploadRole::SeedAudio,
                          "song.mp3",
                          std::nullopt,
                          incoming(kAnna, UploadRole::SeedAudio, std::string(2000, 'x')));
  });
  EXPECT_EQ(problem.code, "unsupported");
  EXPECT_EQ(problem.field, "seed_audio");
  EXPECT_THAT(problem.message, HasSubstr("WAV, MP3 and FLAC"));
  EXPECT_THAT(problem.message, Not(HasSubstr(folder_.path().string())));
  EXPECT_THAT(problem.actions, ElementsAre(WayOut::PickFile));
  EXPECT_THAT(files_in("tmp"), IsEmpty());
  EXPECT_THAT(files_in("uploads"), IsEmpty());
}

TEST_F(StudioUploads, a_reference_that_is_too_long_offers_its_beginning) {
  start();
  const Problem problem =
      refusal([&] { upload_tone(kAnna, UploadRole::RefAudio, /*seconds=*/61.0); });
  EXPECT_THAT(problem.actions, Contains(WayOut::UseFirst60s));
  EXPECT_THAT(problem.message, HasSubstr("at most 60 s"));
  EXPECT_NO_THROW(upload_tone(kAnna, UploadRole::SeedAudio, /*seconds=*/61.0));
}

TEST_F(StudioUploads, a_beginning_can_be_kept) {
  start();
  upload_tone(kAnna, UploadRole::SeedAudio, /*seconds=*/70.0);
  IncomingFile file = studio().begin_upload(kAnna, UploadRole::RefAudio, std::nullopt);
  std::filesystem::copy_file(folder_.path() / "tone.wav", file.path());
  const AudioUpload upload =
      studio().accept_audio(kAnna, UploadRole::RefAudio, "t.wav", 60.0, std::move(file));
  EXPECT_NEAR(upload.duration_seconds, 60.0, 1e-3);
}

TEST_F(StudioUploads, silence_and_shorter_than_a_second_are_refused) {
  start();
  EXPECT_THAT(refusal([&] { upload_tone(kAnna, UploadRole::RefAudio, 2.0, 0.0f); }).message,
              HasSubstr("silent"));
  EXPECT_EQ(refusal([&] { upload_tone(kAnna, UploadRole::RefAudio, 0.5); }).code,
            "invalid_request");
}

TEST_F(StudioUploads, an_announced_size_over_the_limit_is_refused_before_the_first_byte) {
  start();
  const int64_t limit = upload_limits(UploadRole::RefAudio).max_bytes;
  EXPECT_EQ(limit, int64_t{50} << 20);
  EXPECT_NO_THROW(studio().begin_upload(kAnna, UploadRole::RefAudio, limit));
  expect_error(ErrorCode::TooLarge, "at most 50", [&] {
    studio().begin_upload(kAnna, UploadRole::RefAudio, limit + (1 << 20));
  });
}

TEST_F(StudioUploads, a_session_cannot_fill_the_disk) {
  StudioOptions little = options();
  little.max_session_upload_bytes = 40000;
  start(little);
  upload_tone(kAnna, UploadRole::RefAudio, 2.0);  // 32 kB
  expect_error(
      ErrorCode::TooLarge, "this session", [&] { upload_tone(kAnna, UploadRole::RefAudio, 1.5); });
  EXPECT_NO_THROW(upload_tone(kBert, UploadRole::RefAudio, 1.5));
}

TEST_F(StudioUploads, uploads_expire_and_say_so) {
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::RefAudio);
  clock_.advance(std::chrono::hours(2));
  studio().sweep();
  EXPECT_THAT(files_in("uploads"), IsEmpty());
  expect_error(ErrorCode::Gone, "my tone.wav", [&] { studio().upload(kAnna, upload.id); });
  expect_error(ErrorCode::NotFound, "", [&] { studio().file(upload.file_id); });
  expect_error(ErrorCode::NotFound, "", [&] { studio().upload(kBert, upload.id); });
}

TEST_F(StudioUploads, a_changed_date_removes_nothing) {
  start();
  const AudioUpload upload = upload_tone(kAnna, UploadRole::RefAudio);
  const JobView song = make_song(kAnna, "calm");
  clock_.set_date_back(std::chrono::hours(-1000));
  studio().sweep();
  EXPECT_NO_THROW(studio().upload(kAnna, upload.id));
  EXPECT_NO_THROW(studio().result(kAnna, song.result_id));
}

TEST_F(StudioUploads, names_are_shown_without_folders_and_control_characters) {
  start();
  IncomingFile file = studio().begin_upload(kAnna, UploadRole::RefAudio, std::nullopt);
  upload_tone(kBert, UploadRole::RefAudio);
  std::filesystem::copy_file(folder_.path() / "tone.wav", file.path());
  const AudioUpload upload = studio().accept_audio(
      kAnna, UploadRole::RefAudio, "../../etc/\x01<b>x\n.wav", std::nullopt, std::move(file));
  EXPECT_EQ(upload.name, "<b>x.wav");
}

TEST_F(StudioUploads, an_upload_that_is_given_up_leaves_nothing) {
  start();
  { const IncomingFile file = incoming(kAnna, UploadRole::RefAudio, "half"); }
  EXPECT_THAT(files_in("tmp"), IsEmpty());
}

TEST_F(StudioUploads, adapters_are_checked_by_their_header) {
  start();
  const LoraView lora = studio().accept_lora(
      kAnna, "mine.safetensors", incoming(kAnna, UploadRole::Lora, adapter_bytes(1)));
  EXPECT_EQ(lora.name, "mine");
  EXPECT_EQ(lora.rank, 2);
  EXPECT_EQ(lora.state, LoraState::Selected);
  EXPECT_THAT(studio().loras(kAnna).custom, SizeIs(1));
  EXPECT_THAT(studio().loras(kBert).custom, IsEmpty());
  EXPECT_TRUE(studio()
                  .accept_lora(kAnna,
                               "again.safetensors",
                               incoming(kAnna, UploadRole::Lora, adapter_bytes(1)))
                  .existing);
}

TEST_F(StudioUploads, an_adapter_reaches_the_engine_as_a_file_and_is_then_known_as_applied) {
  script_.songs["with adapter"] = [](const SongRequest& request, const JobContext& job) {
    const LoraChoice& choice = controls_of(request).loras.at(0);
    EXPECT_TRUE(std::filesystem::exists(choice.name));
    SongResult song = make_fake_song(request, job);
    song.report.loras.push_back({.name = choice.name, .kind = "custom", .modules_applied = 4});
    return song;
  };
  start();
  const LoraView lora = studio().accept_lora(
      kAnna, "mine.safetensors", incoming(kAnna, UploadRole::Lora, adapter_bytes(1)));
  Submission submission = song_submission("with adapter");
  controls_of(std::get<SongRequest>(submission.request)).loras = {{lora.id, 0.8}};
  const JobView job = finish(kAnna, studio().submit(kAnna, submission).id);
  EXPECT_EQ(job.state, JobState::Done);
  EXPECT_EQ(controls_of(std::get<SongRequest>(job.request)).loras.at(0).name, lora.id);
  EXPECT_EQ(studio().loras(kAnna).custom.at(0).state, LoraState::Applied);
}

TEST_F(StudioUploads, what_is_no_adapter_is_refused_with_the_users_name_for_it) {
  start();
  const Problem problem = refusal([&] {
    studio().accept_lora(kAnna, "bad.safetensors", incoming(kAnna, UploadRole::Lora, "short"));
  });
  EXPECT_EQ(problem.field, "lora");
  EXPECT_THAT(problem.message, HasSubstr("bad"));
  EXPECT_THAT(problem.message, Not(HasSubstr("in_")));
}

TEST_F(StudioUploads, presets_are_listed_and_can_be_fetched) {
  std::vector<std::string> fetched;
  script_.download = [&](const std::string& name, const DownloadContext& context) {
    fetched.push_back(name);
    context.progress({.component = name, .bytes = 5, .total = 10});
  };
  start();
  const std::string id = "preset:chinese-new-year";
  EXPECT_EQ(studio().loras(kAnna).presets.at(1).id, id);
  EXPECT_EQ(studio().loras(kAnna).presets.at(1).state, LoraState::NotDownloaded);
  const JobView job = finish(kAnna, studio().prepare_lora(kAnna, id).id);
  EXPECT_EQ(job.state, JobState::Done);
  EXPECT_EQ(job.result_id, "");
  EXPECT_THAT(event_kinds(kAnna, job.id), Contains("downloading"));
  EXPECT_EQ(studio().loras(kAnna).presets.at(1).state, LoraState::Selected);
  const JobView again = studio().prepare_lora(kAnna, id);
  EXPECT_TRUE(again.existing);
  EXPECT_EQ(again.state, JobState::Done);
  EXPECT_THAT(fetched, ElementsAre("Chinese New Year"));
  expect_error(ErrorCode::NotFound, "preset", [&] { studio().prepare_lora(kAnna, "preset:x"); });
  expect_error(
      ErrorCode::Unsupported, "v1.0", [&] { studio().prepare_lora(kAnna, "preset:chinese-rap"); });
}

TEST_F(StudioUploads, a_failed_download_fails_its_job_only) {
  script_.download = [](const std::string&, const DownloadContext&) {
    throw Error(ErrorCode::Network, "hub: no answer");
  };
  start();
  const JobView job = finish(kAnna, studio().prepare_lora(kAnna, "preset:chinese-new-year").id);
  EXPECT_EQ(job.error->code, "network");
  EXPECT_THAT(job.error->actions, ElementsAre(WayOut::Retry));
  EXPECT_EQ(make_song(kAnna, "fine").state, JobState::Done);
}

TEST_F(StudioUploads, malformed_sessions_are_refused) {
  start();
  for (const char* session : {"", "short", "with spaces in it", "../../../../etc/passwd"}) {
    expect_error(ErrorCode::InvalidRequest, "session", [&] { studio().history(session); });
  }
  EXPECT_NO_THROW(studio().history("abcDEF012345_-xyz"));
}

}  // namespace
}  // namespace ams
