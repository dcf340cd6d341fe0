#include "unit/studio_jobs/studio_fixture.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "audio/encode.h"
#include "base/str.h"

namespace ams {

std::string session_number(int number) { return str("session-number-", 1000 + number); }

Submission song_submission(const std::string& prompt) {
  GenerateRequest request;
  request.prompt = prompt;
  request.duration_seconds = 30;
  return {SongRequest(request), {}};
}

StudioFixture::~StudioFixture() = default;

StudioOptions StudioFixture::options() const {
  StudioOptions options;
  options.data_folder = folder_.path() / "data";
  options.spare_disk_bytes = 0;
  return options;
}

Studio& StudioFixture::start() { return start(options()); }

Studio& StudioFixture::start(const StudioOptions& options) {
  studio_.reset();
  StudioParts parts = fake_parts(script_, clock_);
  parts.free_disk_bytes = free_disk_bytes_;
  studio_ = std::make_unique<Studio>(options, std::move(parts));
  return *studio_;
}

JobView StudioFixture::submit(const std::string& session, const std::string& prompt) {
  return studio().submit(session, song_submission(prompt));
}

JobView StudioFixture::finish(const std::string& session, const std::string& job_id) {
  int64_t after = 0;
  for (;;) {
    const EventBatch batch = studio().wait_events(session, job_id, after, {});
    if (!batch.events.empty()) after = batch.events.back().id;
    if (batch.is_complete) return studio().job(session, job_id);
  }
}

JobView StudioFixture::make_song(const std::string& session, const std::string& prompt) {
  return finish(session, submit(session, prompt).id);
}

std::vector<std::string> StudioFixture::event_kinds(const std::string& session,
                                                    const std::string& job_id) {
  std::vector<std::string> kinds;
  for (const JobEvent& event : studio().events(session, job_id, 0).events) {
    kinds.emplace_back(event_kind(event));
  }
  return kinds;
}

AudioUpload StudioFixture::upload_tone(const std::string& session,
                                       UploadRole role,
                                       double seconds,
                                       float level) {
  constexpr int64_t kRate = 8000;
  AudioBuffer tone = silent_audio(kRate, 1, static_cast<int64_t>(seconds * kRate));
  for (int64_t i = 0; i < tone.length(); ++i) {
    tone.channel(0)[static_cast<size_t>(i)] = level * std::sin(0.1f * static_cast<float>(i));
  }
  IncomingFile file = studio().begin_upload(session, role, std::nullopt);
  const std::filesystem::path wav = folder_.path() / "tone.wav";
  write_audio_file(wav, tone, {});
  std::filesystem::copy_file(wav, file.path());
  return studio().accept_audio(session, role, "my tone.wav", std::nullopt, std::move(file));
}

IncomingFile StudioFixture::incoming(const std::string& session,
                                     UploadRole role,
                                     const std::string& bytes) {
  IncomingFile file = studio().begin_upload(session, role, static_cast<int64_t>(bytes.size()));
  std::ofstream(file.path(), std::ios::binary) << bytes;
  return file;
}

std::vector<std::string> StudioFixture::files_in(const std::string& folder) const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(options().data_folder / folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ams
