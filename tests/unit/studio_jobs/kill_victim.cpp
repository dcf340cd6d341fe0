// A studio that makes songs until it is killed; it prints the id of each finished result.
// Arguments: data folder, session.
#include <iostream>
#include <string>

#include "studio/jobs/studio.h"
#include "studio/song_file.h"
#include "unit/studio_jobs/fake_parts.h"

namespace ams {
namespace {

int make_songs(const std::string& folder, const std::string& session) {
  Script script;
  script.post = [](const PostTask& task, const JobContext&) {
    const std::filesystem::path path = task.folder / "made.wav";
    write_song_file(path, test_tone());
    return PostReport{{{FileRole::Normalised, path, "audio/wav", 0.5, -14.0}}, Json::object(), {}};
  };
  StudioOptions options;
  options.data_folder = folder;
  Studio studio(options, fake_parts(script, machine_clock()));
  std::cout << "ready" << std::endl;
  for (;;) {
    GenerateRequest request;
    request.prompt = "calm";
    JobView job = studio.submit(session, {SongRequest(request), {}});
    while (job.state == JobState::Queued || job.state == JobState::Running) {
      studio.wait_events(session, job.id, job.last_event, {});
      job = studio.job(session, job.id);
    }
    if (job.state != JobState::Done) {
      std::cerr << (job.error ? job.error->message : "cancelled") << std::endl;
      return 1;
    }
    std::cout << job.result_id << std::endl;
    studio.process(session, job.result_id, JobKind::Normalise, FileRole::Song);
  }
}

}  // namespace
}  // namespace ams

int main(int argc, char** argv) { return argc == 3 ? ams::make_songs(argv[1], argv[2]) : 2; }
