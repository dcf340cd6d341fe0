#include "studio/jobs/song_task.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "audio/level.h"
#include "base/log.h"
#include "base/str.h"
#include "studio/jobs/attempts.h"
#include "studio/jobs/download_task.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/request_inputs.h"
#include "studio/jobs/result_label.h"
#include "studio/jobs/time_budget.h"
#include "studio/post/song_tags.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr double kWavBytesPerSecond = 48000.0 * 2 * 2;
constexpr double kMostSeconds = 600.0;

void require_usable(const AudioBuffer& audio) {
  try {
    require_finite(audio, "the song");
  } catch (const Error& error) {
    throw UnusableSound(error.what());
  }
  if (is_silent(audio)) throw UnusableSound("engine: the song is silent from start to end");
}

// Adapters under the names that their users know, and known as applied.
void note_loras(const Job& job, UploadShelf& uploads, SongReport& report) {
  const std::vector<LoraChoice>& choices = controls_of(std::get<SongRequest>(job.request())).loras;
  for (size_t i = 0; i < std::min(choices.size(), report.loras.size()); ++i) {
    const std::string& id = choices[i].name;
    SongLora& lora = report.loras[i];
    if (lora.modules_applied > 0) {
      uploads.mark_applied(lora.kind == "preset" ? preset_id(lora.name) : id);
    }
    if (uploads.has(job.session(), id)) lora.name = uploads.lora(job.session(), id).name;
  }
}

void warn(Job& job, const std::string& title, const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    job.emit(WarningEvent{warning_problem(title, sentence)});
  }
}

// Saves one song; everything is written in a folder of its own and moved at the end.
class SongSaver {
 public:
  SongSaver(Job& job, const SongTask& task, const Workshop& shop)
      : job_(job),
        task_(task),
        shop_(shop),
        publication_(shop.folder),
        work_(shop.folder.path(FolderRole::Temporary, job.id())) {
    record_.session = job.session();
    record_.view.id = random_id("r_");
    record_.view.job_id = job.id();
    record_.view.mode = mode_of(job.request());
    record_.view.label = result_label(job.request());
    record_.view.request = job.request();
  }

  std::string save(const SongResult& song, JobFacts facts) {
    ResultView& view = record_.view;
    view.created_at = shop_.clock.date();
    view.duration_seconds = song.audio.seconds();
    facts.job_id = job_.id();
    facts.created_at = utc_text(view.created_at);
    shop_.folder.require_space(FolderRole::Output,
                               static_cast<uintmax_t>(kWavBytesPerSecond * song.audio.seconds()));
    const SongFile file = add_song(song, facts);
    add_input();
    add_marks(song);
    view.metadata = shop_.parts.documents->song(
        std::get<SongRequest>(job_.request()), song.report, file, facts);
    record_.last_event = job_.view().last_event;
    const std::string id = view.id;
    shop_.results.add(record_);
    publication_.keep();
    shop_.history.add(record_);
    return id;
  }

 private:
  void add_file(ResultFile file, const fs::path& finished, const std::string& name) {
    file.file_id = random_id("f_");
    file.bytes = static_cast<int64_t>(fs::file_size(finished));
    record_.names[file.file_id] = name;
    publication_.add(finished, name);
    record_.view.files.push_back(std::move(file));
  }

  // The request goes into the file, so that the file alone can restore the settings.
  AudioTags tags(const SongReport& report, const JobFacts& facts) const {
    const auto& request = std::get<SongRequest>(job_.request());
    const SongTagFacts more{
        .request_json = shop_.parts.documents->resolved_request(request, report).dump(),
        .job_id = facts.job_id,
        .year = std::stol(facts.created_at.substr(0, 4))};
    return song_tags(request, report, more);
  }

  SongFile add_song(const SongResult& song, const JobFacts& facts) {
    const fs::path path = work_.path() / "song.wav";
    SongFileOptions options;
    options.tags = tags(song.report, facts);
    const SongFile written = write_song_file(path, song.audio, options);
    ResultFile file;
    file.role = FileRole::Song;
    file.mime = "audio/wav";
    file.duration_seconds = written.duration_seconds;
    file.lufs = written.integrated_lufs;
    file.peaks = measure_peaks(song.audio);
    add_file(
        std::move(file), path, result_file_name(record_.view.id, FileRole::Song, FileRole::Song));
    return written;
  }

  // The input stays with the song: to compare, and to start again without another upload.
  void add_input() {
    if (task_.input_upload.empty()) return;
    const AudioUpload upload = shop_.uploads.audio(job_.session(), task_.input_upload);
    const fs::path source = shop_.uploads.use(job_.session(), task_.input_upload);
    const fs::path path = work_.path() / "input";
    std::error_code error;
    fs::create_hard_link(source, path, error);
    if (error) fs::copy_file(source, path);
    ResultFile file;
    file.role = FileRole::Input;
    file.mime = mime_of_container(upload.container);
    file.duration_seconds = upload.duration_seconds;
    file.peaks = upload.peaks;
    add_file(std::move(file), path, input_file_name(record_.view.id, upload.container));
    input_seconds_ = upload.duration_seconds;
  }

  void add_marks(const SongResult& song) {
    const auto& request = std::get<SongRequest>(job_.request());
    ResultView& view = record_.view;
    if (const auto* extend = std::get_if<ExtendRequest>(&request)) {
      const bool at_end = extend->side == ExtendSide::End;
      view.seed_end_seconds = at_end ? input_seconds_ : song.audio.seconds();
    }
    if (const auto* edit = std::get_if<EditRequest>(&request);
        edit != nullptr && edit->sub_mode == EditMode::Repaint) {
      constexpr double kUsualEnd = 30.0;
      const double end = edit->segment_end_seconds.value_or(kUsualEnd);
      view.segment = Segment{edit->segment_start_seconds, std::min(end, song.audio.seconds())};
    }
  }

  Job& job_;
  const SongTask& task_;
  const Workshop& shop_;
  Publication publication_;
  const WorkFolder work_;
  ResultRecord record_;
  double input_seconds_ = 0;
};

}  // namespace

std::string run_song_task(Job& job, const SongTask& task, const Workshop& shop) {
  JobFacts facts;
  facts.queue_seconds = job.queue_seconds();
  facts.warnings = task.warnings;
  facts.budget_seconds = budget_seconds(job.request());
  warn(job, "A note on the request", task.warnings);
  StageReporter reporter(job, shop.clock, shop.times);
  shop.folder.require_space(
      FolderRole::Temporary,
      static_cast<uintmax_t>(kWavBytesPerSecond *
                             std::min(kMostSeconds, new_audio_seconds(job.request()))));
  fetch_before_use(shop.parts.song_download, job, shop, reporter);

  SongRequest request = task.request;
  SongControls& controls = controls_of(request);
  const bool is_seed_drawn = !controls.seed;
  if (is_seed_drawn) controls.seed = draw_seed();
  reporter.enter(Stage::Loading, "song model");
  shop.models.engine();  // so that the device is known
  AttemptOptions options;
  options.part = ModelPart::Song;
  options.budget_seconds =
      enforced_budget(job.request(), shop.options.budget, shop.models.device());
  options.may_change_seed = is_seed_drawn;
  SongResult song;
  const AttemptOutcome outcome =
      run_attempts(job, shop, reporter, options, [&](const Attempt& attempt) {
        if (attempt.needs_seed) controls.seed = draw_seed();
        song = shop.models.engine().generate(request, attempt.context);
        require_usable(song.audio);
      });
  facts.attempts = outcome.attempts;
  if (options.budget_seconds) facts.budget_seconds = options.budget_seconds;
  shop.models.update_facts();
  note_loras(job, shop.uploads, song.report);
  warn(job, "A note on the song", song.report.warnings);
  reporter.enter(Stage::Saving);
  SongSaver saver(job, task, shop);
  const std::string id = saver.save(song, std::move(facts));
  shop.times.record(job.request(), reporter.finish());
  return id;
}

}  // namespace ams
