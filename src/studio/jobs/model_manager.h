// Owns what is expensive to load: engine, lyrics writer, tools for finished songs. Each exists
// once, from its first use on; one is loaded at a time; idle ones make room (memory_policy.h).
//
// Engine and lyrics writer are used by the engine lane only, the tools by the post-processing lane
// only. The engine lane may put the tools away while nobody uses them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "studio/jobs/memory_policy.h"
#include "studio/jobs/studio_parts.h"

namespace ams {

// Thread-safe, but for the objects that it hands out.
class ModelManager {
 public:
  ModelManager(const StudioParts& parts, size_t headroom_bytes);
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;

  // While it lives, nothing else loads; taking it waits for its turn. The state is "loading".
  class LoadTurn {
   public:
    explicit LoadTurn(ModelManager& manager);
    ~LoadTurn();
    LoadTurn(const LoadTurn&) = delete;
    LoadTurn& operator=(const LoadTurn&) = delete;

   private:
    ModelManager& manager_;
  };

  // The one engine, opened if it is not, with room for what its next song may load. Engine lane.
  Engine& engine();
  // Likewise. Throws Unsupported if there is no lyrics model. Engine lane.
  LyricsWriter& lyrics_writer();
  // After use on the engine lane: what is known of the engine now.
  void update_facts();
  // What a draft ran on, for budgets before the engine is open.
  void note_device(const std::string& device);

  // The tools for finished songs, in use until it is destroyed. Post-processing lane.
  class PostLease {
   public:
    explicit PostLease(ModelManager& manager);
    ~PostLease();
    PostLease(const PostLease&) = delete;
    PostLease& operator=(const PostLease&) = delete;
    PostProcessor& operator*() const { return *manager_.post_; }

   private:
    ModelManager& manager_;
  };

  // Reads weights before a job needs them; the state is "loading". The part's lane. Throws what
  // loading throws, Unsupported for what is not here.
  void preload(ModelPart part, const JobContext& job);
  // Looks again for what a download brought: the next job opens it. Any thread.
  void renew(ModelPart part);
  bool has_lyrics() const;
  // What the engine is, or will be before it is opened.
  EngineSurvey survey() const;

  // Puts away everything but `part` that is not in use: after memory ran out. Engine lane.
  void put_away_others(ModelPart part);
  // All that is loaded, at the end. Needs both lanes to have ended.
  void put_away_all();

  bool is_loading() const;
  std::optional<EngineFacts> facts() const;
  // "cpu", "cuda", …; empty: nothing has run yet.
  std::string device() const;

 private:
  void make_room(const MemoryNeed& need);
  void put_away(ModelPart part);
  bool take(bool& flag);  // with the lock; false afterwards
  std::optional<size_t> free_bytes() const;

  const StudioParts& parts_;
  const size_t headroom_bytes_;

  // Engine lane.
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LyricsWriter> lyrics_;

  mutable std::mutex mutex_;  // all below
  std::condition_variable load_ended_;
  bool is_loading_ = false;
  std::unique_ptr<PostProcessor> post_;  // the pointee only with is_post_in_use_, or while loading
  bool is_post_in_use_ = false;
  std::optional<EngineFacts> facts_;
  EngineSurvey survey_;
  std::optional<LyricsPart> lyrics_part_;  // empty: there is no lyrics model
  bool is_song_old_ = false;               // opened before the model that it would find now
  bool is_lyrics_old_ = false;
  std::string device_;
};

}  // namespace ams
