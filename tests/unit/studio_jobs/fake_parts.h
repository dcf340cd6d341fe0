// What the job engine works with, in forms that a test controls.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "studio/jobs/studio_parts.h"

namespace ams {

// A door that work waits at. Thread-safe.
class Gate {
 public:
  void open();
  // Until it is open; throws Cancelled on stop.
  void pass(const std::stop_token& stop);
  // Until so many have arrived at it.
  void wait_for_arrivals(int count);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_open_ = false;
  int arrivals_ = 0;
};

// What the fakes do and what they saw. A prompt that is in `songs` selects its function; others
// give a tone after a few steps. Set it up before the studio starts.
struct Script {
  using Song = std::function<SongResult(const SongRequest&, const JobContext&)>;
  std::map<std::string, Song> songs;
  std::function<LyricsDraft(const LyricsRequest&, const LyricsContext&)> lyrics;
  std::function<PostReport(const PostTask&, const JobContext&)> post;
  std::function<void(const std::string&, const DownloadContext&)> download;
  std::function<void(const JobContext&)> preload;  // of the engine and the lyrics writer
  EngineFacts facts{.device = "cuda", .device_name = "fake", .precision = "f32", .model = "fake"};

  std::atomic<bool> has_lyrics = true;

  std::atomic<int> engines_opened = 0;
  std::atomic<int> engines_alive = 0;
  std::atomic<int> writers_alive = 0;

  std::vector<std::string> prompts() const;  // of all songs, in the order in which they began
  void began(std::string prompt);

 private:
  mutable std::mutex mutex_;  // prompts_
  std::vector<std::string> prompts_;
};

// 0.5 s of a tone.
AudioBuffer test_tone();
// The usual progress of a song, then a tone.
SongResult make_fake_song(const SongRequest& request, const JobContext& job);

// Parts on a script, which must outlive the studio.
StudioParts fake_parts(Script& script, const Clock& clock);

}  // namespace ams
