// What does the work behind the job engine: everything here is given to it, and tests give fakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "studio/engine.h"
#include "studio/job_facts.h"
#include "studio/jobs/clock.h"
#include "studio/jobs/job_view.h"
#include "studio/jobs/result_view.h"
#include "studio/lyrics/lyrics_writer.h"
#include "studio/song_file.h"
#include "studio/studio_survey.h"

namespace ams {

// The documents of the wire, which the studio stores but does not know. Thread-safe.
class StudioDocuments {
 public:
  virtual ~StudioDocuments() = default;

  // The metadata of a song and of a draft, "ams.meta/1".
  virtual Json song(const SongRequest& request,
                    const SongReport& report,
                    const SongFile& file,
                    const JobFacts& job) const = 0;
  virtual Json lyrics(const LyricsRequest& request,
                      const LyricsDraft& draft,
                      const JobFacts& job) const = 0;
  // The request as it ran, for the tags of its song's file.
  virtual Json resolved_request(const SongRequest& request, const SongReport& report) const = 0;
  // The request as the wire has it, and back. parse_request() throws InvalidRequest.
  virtual Json request(const JobRequest& request) const = 0;
  virtual JobRequest parse_request(const Json& document) const = 0;
};

// One thing to make of a finished song.
struct PostTask {
  JobKind kind = JobKind::Mp3;   // Stems, Normalise, Mp3 or Flac
  std::filesystem::path source;  // WAV of the result: the song, or what the session chose of it
  std::filesystem::path folder;  // empty and the task's own; everything goes here
  Json metadata;                 // of the result
};

// A file that a task made in its folder.
struct PostFile {
  FileRole role = FileRole::Mp3;
  std::filesystem::path path;
  std::string mime;
  std::optional<double> duration_seconds;  // absent: not audio
  std::optional<double> lufs;              // where it was measured
};

struct PostReport {
  std::vector<PostFile> files;
  Json facts;  // for the metadata's list "post": an object
  std::vector<std::string> warnings;
};

// Confined to the thread of the post-processing lane.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;

  // Never changes the source. Throws as the functions of studio/post, Cancelled on stop.
  virtual PostReport run(const PostTask& task, const JobContext& job) = 0;
  // Loads the stem separator now. Throws as run().
  virtual void preload(const JobContext& job) = 0;
  // Of what it keeps loaded (the stem separator); destroying it frees that.
  virtual size_t weight_bytes() const = 0;
};

// One moment of a download.
struct DownloadProgress {
  std::string_view component;
  int64_t bytes = 0;
  int64_t total = 0;            // 0: not known yet
  double bytes_per_second = 0;  // of the last seconds; 0: not known yet
  std::optional<double> seconds_left = {};
};

struct DownloadContext {
  std::stop_token stop;
  std::function<void(const DownloadProgress&)> progress = [](const DownloadProgress&) {};
};

// A model that is not, or not wholly, on this machine and can be fetched.
struct DownloadOffer {
  std::string name = {};     // that it is listed as once it is here
  std::string kind = {};     // "song", "planner", "lyrics", "stems"
  std::string variant = {};  // of song models: "sft", "turbo", "base"
  int64_t bytes = 0;         // about, of everything that it needs
};

// What can be fetched by name: presets of adapters and models. Thread-safe.
class Downloader {
 public:
  virtual ~Downloader() = default;

  // Looks at the disk only. Throws NotFound for an unknown name.
  virtual bool is_present(const std::string& name) const = 0;
  // Models in the order of choice; none if the network may not be touched. Looks at the disk only.
  virtual std::vector<DownloadOffer> offers() const = 0;
  // Blocks until everything is there and verified. Throws Network, NotFound, Cancelled, Internal.
  virtual void fetch(const std::string& name, const DownloadContext& context) = 0;
};

// A lyrics model that is installed.
struct LyricsPart {
  std::function<std::unique_ptr<LyricsWriter>()> open;
  size_t bytes = 0;  // that loading it takes; 0: unknown
};

struct StudioParts {
  // Called on the engine thread when the first job needs it, and again after it was put away.
  std::function<std::unique_ptr<Engine>()> open_engine;
  // Asked at the start and after a lyrics model was fetched; nothing: there is none.
  std::function<std::optional<LyricsPart>()> find_lyrics = [] { return std::nullopt; };
  // Called on the post-processing thread; empty: nothing can be made of songs.
  std::function<std::unique_ptr<PostProcessor>()> open_post_processor = {};
  // Whether a stem separator is installed; asked often, by any thread; empty: there is one.
  std::function<bool()> has_stems = {};
  std::shared_ptr<Downloader> downloader = {};  // shared with its tests; null: nothing is fetched
  // Of find_local: the model that the engine needs, fetched before it opens; empty: none.
  std::string song_download = {};
  std::string lyrics_download = {};
  std::vector<std::filesystem::path> model_folders = {};  // where presets are looked up
  std::shared_ptr<const StudioDocuments> documents;
  EngineSurvey survey = {};  // what the engine will be, before it is opened
  // The same after a song model or planner was fetched; empty: it stays as it was.
  std::function<EngineSurvey()> survey_again = {};
  // Bytes that can be written into a folder; empty: asks the system.
  std::function<uintmax_t(const std::filesystem::path&)> free_disk_bytes = {};
  const Clock* clock = nullptr;  // outlives the studio; null: the machine's
};

}  // namespace ams
