#include "unit/studio_jobs/fake_parts.h"

#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/fields.h"

namespace ams {
namespace {

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(Script& script) : script_(script) {
    ++script_.engines_opened;
    ++script_.engines_alive;
  }
  ~FakeEngine() override { --script_.engines_alive; }

  SongResult generate(const SongRequest& request, const JobContext& job) override {
    const std::string prompt(prompt_of(request));
    script_.began(prompt);
    const auto found = script_.songs.find(prompt);
    return found == script_.songs.end() ? make_fake_song(request, job)
                                        : found->second(request, job);
  }
  void preload(const JobContext& job) override {
    if (script_.preload) script_.preload(job);
  }
  EngineFacts facts() const override { return script_.facts; }

 private:
  Script& script_;
};

class FakeWriter : public LyricsWriter {
 public:
  explicit FakeWriter(Script& script) : script_(script) { ++script_.writers_alive; }
  ~FakeWriter() override { --script_.writers_alive; }

  LyricsDraft write(const LyricsRequest& request, const LyricsContext& context) override {
    return script_.lyrics(request, context);
  }
  void preload(const LyricsContext& context) override {
    if (script_.preload) script_.preload(context);
  }
  size_t weight_bytes() const override { return 1000; }

 private:
  Script& script_;
};

class FakePost : public PostProcessor {
 public:
  explicit FakePost(Script& script) : script_(script) {}
  PostReport run(const PostTask& task, const JobContext& job) override {
    return script_.post(task, job);
  }
  void preload(const JobContext&) override {
    throw Error(ErrorCode::NotFound, "stems: no stem separator is here");
  }
  size_t weight_bytes() const override { return 0; }

 private:
  Script& script_;
};

class FakeDownloader : public Downloader {
 public:
  explicit FakeDownloader(Script& script) : script_(script) {}
  bool is_present(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    return fetched_.count(name) > 0;
  }
  std::vector<DownloadOffer> offers() const override {
    std::vector<DownloadOffer> offers;
    if (!is_present("lyrics")) offers.push_back({.name = "Qwen2.5-7B-Instruct", .kind = "lyrics"});
    return offers;
  }
  void fetch(const std::string& name, const DownloadContext& context) override {
    if (script_.download) script_.download(name, context);
    const std::lock_guard lock(mutex_);
    fetched_.insert(name);
  }

 private:
  Script& script_;
  mutable std::mutex mutex_;  // fetched_
  std::set<std::string> fetched_;
};

Json facts_json(const JobFacts& job) {
  Json document = Json::object();
  document.set("schema", "ams.meta/1");
  document.set("job_id", job.job_id);
  document.set("attempts", job.attempts);
  document.set("queue_seconds", job.queue_seconds);
  if (job.budget_seconds) document.set("estimated_duration_s", *job.budget_seconds);
  return document;
}

class FakeDocuments : public StudioDocuments {
 public:
  Json song(const SongRequest&,
            const SongReport& report,
            const SongFile& file,
            const JobFacts& job) const override {
    Json document = facts_json(job);
    document.set("seed", report.seed);
    document.set("output_sha256", file.sha256);
    return document;
  }
  Json lyrics(const LyricsRequest&, const LyricsDraft& draft, const JobFacts& job) const override {
    Json document = facts_json(job);
    document.set("tokens_generated", draft.tokens);
    return document;
  }
  Json resolved_request(const SongRequest& request, const SongReport& report) const override {
    Json document = FakeDocuments::request(request);
    document.set("seed", report.seed);
    return document;
  }
  Json request(const JobRequest& request) const override {
    if (const auto* song = std::get_if<SongRequest>(&request)) {
      SongRequest copy = *song;
      Json document = write_json(fields(copy));
      document.set("mode", mode_of(request));
      return document;
    }
    LyricsRequest copy = std::get<LyricsRequest>(request);
    Json document = write_json(fields(copy));
    document.set("mode", "lyrics");
    return document;
  }
  JobRequest parse_request(const Json& document) const override {
    std::vector<std::string> warnings;
    const std::string mode = document.at("mode").as_string();
    if (mode == "lyrics") {
      LyricsRequest request;
      read_json(fields(request), document, warnings);
      return request;
    }
    SongRequest request = make_song_request(mode);
    read_json(fields(request), document, warnings);
    return request;
  }
};

}  // namespace

void Gate::open() {
  const std::lock_guard lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
}

void Gate::pass(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ++arrivals_;
  changed_.notify_all();
  if (!changed_.wait(lock, stop, [this] { return is_open_; })) {
    throw Error(ErrorCode::Cancelled, "fake: cancelled");
  }
}

void Gate::wait_for_arrivals(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return arrivals_ >= count; });
}

std::vector<std::string> Script::prompts() const {
  const std::lock_guard lock(mutex_);
  return prompts_;
}

void Script::began(std::string prompt) {
  const std::lock_guard lock(mutex_);
  prompts_.push_back(std::move(prompt));
}

AudioBuffer test_tone() {
  constexpr int64_t kRate = 48000;
  AudioBuffer audio = silent_audio(kRate, 2, kRate / 2);
  for (int64_t channel = 0; channel < 2; ++channel) {
    for (int64_t i = 0; i < audio.length(); ++i) {
      audio.channel(channel)[static_cast<size_t>(i)] =
          0.5f * std::sin(0.05f * static_cast<float>(i));
    }
  }
  return audio;
}

SongResult make_fake_song(const SongRequest& request, const JobContext& job) {
  constexpr int64_t kSteps = 4;
  job.progress({.stage = "loading", .message = "song model"});
  job.progress({.stage = "planning"});
  PlannedSong plan;
  plan.bpm = 90;
  job.plan(plan);
  for (int64_t step = 1; step <= kSteps; ++step) {
    if (job.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "fake: cancelled");
    job.progress({.stage = "diffusion",
                  .fraction = static_cast<double>(step) / kSteps,
                  .step = step,
                  .total = kSteps});
  }
  job.progress({.stage = "decoding", .fraction = 1, .step = 1, .total = 1});
  SongResult result{test_tone(), {}};
  result.report.device = "cuda";
  result.report.seed = controls_of(request).seed.value_or(-1);
  return result;
}

StudioParts fake_parts(Script& script, const Clock& clock) {
  StudioParts parts;
  parts.open_engine = [&script] { return std::make_unique<FakeEngine>(script); };
  parts.find_lyrics = [&script]() -> std::optional<LyricsPart> {
    if (!script.has_lyrics) return std::nullopt;
    return LyricsPart{[&script] { return std::make_unique<FakeWriter>(script); }, 1000};
  };
  parts.survey_again = [&script] {
    EngineSurvey survey;
    survey.facts = script.facts;
    return survey;
  };
  parts.open_post_processor = [&script] { return std::make_unique<FakePost>(script); };
  parts.downloader = std::make_shared<FakeDownloader>(script);
  parts.documents = std::make_shared<FakeDocuments>();
  parts.clock = &clock;
  return parts;
}

}  // namespace ams
