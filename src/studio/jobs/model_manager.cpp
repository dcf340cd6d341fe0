#include "studio/jobs/model_manager.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr const char* kModule = "studio";

}  // namespace

ModelManager::ModelManager(const StudioParts& parts, size_t headroom_bytes)
    : parts_(parts),
      headroom_bytes_(headroom_bytes),
      survey_(parts.survey),
      lyrics_part_(parts.find_lyrics()) {}

ModelManager::LoadTurn::LoadTurn(ModelManager& manager) : manager_(manager) {
  std::unique_lock lock(manager_.mutex_);
  manager_.load_ended_.wait(lock, [this] { return !manager_.is_loading_; });
  manager_.is_loading_ = true;
}

ModelManager::LoadTurn::~LoadTurn() {
  {
    const std::lock_guard lock(manager_.mutex_);
    manager_.is_loading_ = false;
  }
  manager_.load_ended_.notify_one();
}

Engine& ModelManager::engine() {
  if (take(is_song_old_)) engine_.reset();
  if (!engine_) {
    const LoadTurn turn(*this);
    engine_ = parts_.open_engine();
  }
  const EngineFacts facts = engine_->facts();
  make_room({ModelPart::Song, facts.missing_bytes, headroom_bytes_, facts.free_bytes});
  update_facts();
  return *engine_;
}

LyricsWriter& ModelManager::lyrics_writer() {
  if (take(is_lyrics_old_)) lyrics_.reset();
  std::optional<LyricsPart> part;
  {
    const std::lock_guard lock(mutex_);
    part = lyrics_part_;
  }
  if (!part) {
    throw Error(ErrorCode::Unsupported,
                "lyrics: no lyrics model is installed; ams models lists what can be downloaded");
  }
  if (!lyrics_) {
    const LoadTurn turn(*this);
    lyrics_ = part->open();
  }
  if (lyrics_->weight_bytes() == 0) {
    make_room({ModelPart::Lyrics, part->bytes, headroom_bytes_, free_bytes()});
  }
  return *lyrics_;
}

std::optional<size_t> ModelManager::free_bytes() const {
  return engine_ ? engine_->facts().free_bytes : std::nullopt;
}

void ModelManager::update_facts() {
  std::optional<EngineFacts> facts;
  if (engine_) facts = engine_->facts();
  const std::lock_guard lock(mutex_);
  if (!facts || is_song_old_) return;
  device_ = facts->device;
  facts_ = std::move(facts);
}

void ModelManager::note_device(const std::string& device) {
  const std::lock_guard lock(mutex_);
  device_ = device;
}

void ModelManager::make_room(const MemoryNeed& need) {
  std::vector<HeldModel> held;
  {
    const std::lock_guard lock(mutex_);
    if (post_ && !is_post_in_use_) held.push_back({ModelPart::Stems, post_->weight_bytes(), false});
  }
  if (lyrics_) held.push_back({ModelPart::Lyrics, lyrics_->weight_bytes(), false});
  if (engine_) held.push_back({ModelPart::Song, engine_->facts().weight_bytes, false});
  for (const ModelPart part : parts_to_put_away(need, held)) {
    log(LogLevel::Info, kModule, str("the ", model_part_name(part), " make room for others"));
    put_away(part);
  }
}

void ModelManager::put_away(ModelPart part) {
  if (part == ModelPart::Song) engine_.reset();
  if (part == ModelPart::Lyrics) lyrics_.reset();
  if (part != ModelPart::Stems) return;
  std::unique_ptr<PostProcessor> idle;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (!is_post_in_use_) idle = std::move(post_);
}

void ModelManager::preload(ModelPart part, const JobContext& job) {
  if (part == ModelPart::Stems) {
    if (!parts_.open_post_processor) {
      throw Error(ErrorCode::Unsupported, "stems: this server cannot process finished songs");
    }
    const PostLease tools(*this);
    const LoadTurn turn(*this);
    (*tools).preload(job);
  } else if (part == ModelPart::Lyrics) {
    LyricsWriter& writer = lyrics_writer();
    const LoadTurn turn(*this);
    LyricsContext context;
    static_cast<JobContext&>(context) = job;
    writer.preload(context);
  } else {
    Engine& opened = engine();
    const LoadTurn turn(*this);
    opened.preload(job);
  }
  update_facts();
}

bool ModelManager::take(bool& flag) {
  const std::lock_guard lock(mutex_);
  return std::exchange(flag, false);
}

void ModelManager::renew(ModelPart part) {
  // Both read the disk: without the lock.
  if (part == ModelPart::Lyrics) {
    std::optional<LyricsPart> found = parts_.find_lyrics();
    const std::lock_guard lock(mutex_);
    lyrics_part_ = std::move(found);
    is_lyrics_old_ = true;
  } else if (part == ModelPart::Song && parts_.survey_again) {
    EngineSurvey found = parts_.survey_again();
    const std::lock_guard lock(mutex_);
    survey_ = std::move(found);
    facts_.reset();
    is_song_old_ = true;
  }
}

bool ModelManager::has_lyrics() const {
  const std::lock_guard lock(mutex_);
  return lyrics_part_.has_value();
}

EngineSurvey ModelManager::survey() const {
  const std::lock_guard lock(mutex_);
  return survey_;
}

void ModelManager::put_away_others(ModelPart part) {
  for (const ModelPart other : std::array{ModelPart::Stems, ModelPart::Lyrics, ModelPart::Song}) {
    if (other != part) put_away(other);
  }
}

void ModelManager::put_away_all() {
  for (const ModelPart part : std::array{ModelPart::Stems, ModelPart::Lyrics, ModelPart::Song}) {
    put_away(part);
  }
}

ModelManager::PostLease::PostLease(ModelManager& manager) : manager_(manager) {
  {
    const std::lock_guard lock(manager_.mutex_);
    manager_.is_post_in_use_ = true;  // from here on nobody else touches it
    if (manager_.post_) return;
  }
  try {
    auto opened = manager_.parts_.open_post_processor();
    const std::lock_guard lock(manager_.mutex_);
    manager_.post_ = std::move(opened);
  } catch (...) {
    const std::lock_guard lock(manager_.mutex_);
    manager_.is_post_in_use_ = false;
    throw;
  }
}

ModelManager::PostLease::~PostLease() {
  const std::lock_guard lock(manager_.mutex_);
  manager_.is_post_in_use_ = false;
}

bool ModelManager::is_loading() const {
  const std::lock_guard lock(mutex_);
  return is_loading_;
}

std::optional<EngineFacts> ModelManager::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

std::string ModelManager::device() const {
  const std::lock_guard lock(mutex_);
  return device_;
}

}  // namespace ams
