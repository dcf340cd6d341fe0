#include "studio/jobs/upload_shelf.h"

#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/result_label.h"

namespace ams {
namespace {

constexpr size_t kMostExpired = 1000;  // remembered, to tell expired from unknown

std::string name_of(const std::variant<AudioUpload, LoraView>& view) {
  return std::visit([](const auto& each) { return each.name; }, view);
}

int64_t bytes_of(const std::variant<AudioUpload, LoraView>& view) {
  if (const auto* audio = std::get_if<AudioUpload>(&view)) return audio->bytes;
  return std::get<LoraView>(view).bytes.value_or(0);
}

UploadRole role_of(const std::variant<AudioUpload, LoraView>& view) {
  const auto* audio = std::get_if<AudioUpload>(&view);
  return audio != nullptr ? audio->role : UploadRole::Lora;
}

[[noreturn]] void unknown(const std::string& id) {
  // A malformed id is not repeated.
  const bool is_plain =
      id.size() < 64 &&
      id.find_first_not_of("_0123456789abcdefghijklmnopqrstuvwxyz") == std::string::npos;
  throw Error(ErrorCode::NotFound,
              is_plain
                  ? str("studio: there is no upload '", id, "' in this session; upload it again")
                  : std::string("studio: there is no such upload in this session"));
}

}  // namespace

UploadShelf::UploadShelf(const DataFolder& folder,
                         const Clock& clock,
                         std::chrono::seconds lifetime,
                         size_t max_session_bytes)
    : folder_(folder), clock_(clock), lifetime_(lifetime), max_session_bytes_(max_session_bytes) {}

AudioUpload UploadShelf::add(const std::string& session, AudioUpload upload, IncomingFile file) {
  upload.id = random_id("u_");
  upload.file_id = random_id("f_");
  upload.expires_at = clock_.date() + lifetime_;
  Entry entry{session, upload, str(upload.id, ".", upload.container), upload.sha256, {}};
  {
    const std::lock_guard lock(mutex_);
    if (Entry* const same = same_locked(entry)) {
      same->expires = clock_.now() + lifetime_;
      auto& old = std::get<AudioUpload>(same->view);
      old.expires_at = upload.expires_at;
      AudioUpload answer = old;
      answer.existing = true;
      return answer;
    }
    require_room_locked(entry);
  }
  folder_.publish(file.path(), FolderRole::Uploads, entry.file);
  file.release();
  const std::lock_guard lock(mutex_);
  entry.expires = clock_.now() + lifetime_;
  entries_[upload.id] = std::move(entry);
  ids_of_files_[upload.file_id] = upload.id;
  return upload;
}

LoraView UploadShelf::add(const std::string& session, LoraView lora, IncomingFile file) {
  lora.id = random_id("u_");
  Entry entry{session, lora, lora.id + ".safetensors", lora.sha256, {}};
  {
    const std::lock_guard lock(mutex_);
    if (Entry* const same = same_locked(entry)) {
      same->expires = clock_.now() + lifetime_;
      LoraView answer = std::get<LoraView>(same->view);
      answer.existing = true;
      return answer;
    }
    require_room_locked(entry);
  }
  folder_.publish(file.path(), FolderRole::Uploads, entry.file);
  file.release();
  const std::lock_guard lock(mutex_);
  entry.expires = clock_.now() + lifetime_;
  entries_[lora.id] = std::move(entry);
  return lora;
}

// What the session has already: the same bytes for the same purpose.
UploadShelf::Entry* UploadShelf::same_locked(const Entry& entry) {
  for (auto& [id, old] : entries_) {
    if (old.session != entry.session || old.sha256 != entry.sha256) continue;
    if (role_of(old.view) == role_of(entry.view)) return &old;
  }
  return nullptr;
}

void UploadShelf::require_room_locked(const Entry& entry) const {
  auto held = static_cast<size_t>(bytes_of(entry.view));
  for (const auto& [id, old] : entries_) {
    if (old.session == entry.session) held += static_cast<size_t>(bytes_of(old.view));
  }
  if (held <= max_session_bytes_) return;
  throw Error(ErrorCode::TooLarge,
              str("studio: the uploads of this session would take ",
                  held >> 20,
                  " MiB together, at most ",
                  max_session_bytes_ >> 20,
                  " are possible; older ones are removed after ",
                  std::chrono::duration_cast<std::chrono::minutes>(lifetime_).count(),
                  " minutes"));
}

const UploadShelf::Entry& UploadShelf::find_locked(const std::string& session,
                                                   const std::string& id) const {
  const auto found = entries_.find(id);
  if (found != entries_.end() && found->second.session == session &&
      clock_.now() < found->second.expires) {
    return found->second;
  }
  std::string name;
  const auto expired = expired_.find(id);
  if (found != entries_.end() && found->second.session == session) {
    name = name_of(found->second.view);
  } else if (expired != expired_.end() && expired->second.session == session) {
    name = expired->second.name;
  } else {
    unknown(id);
  }
  throw Error(ErrorCode::Gone, str("studio: the upload '", name, "' was cleaned up; add it again"));
}

AudioUpload UploadShelf::audio(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto* audio = std::get_if<AudioUpload>(&find_locked(session, id).view);
  if (audio == nullptr) unknown(id);
  return *audio;
}

LoraView UploadShelf::lora(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto* lora = std::get_if<LoraView>(&find_locked(session, id).view);
  if (lora == nullptr) unknown(id);
  return *lora;
}

std::filesystem::path UploadShelf::use(const std::string& session, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const std::string file = find_locked(session, id).file;
  Entry& entry = entries_.at(id);
  entry.expires = clock_.now() + lifetime_;
  if (auto* audio = std::get_if<AudioUpload>(&entry.view)) {
    audio->expires_at = clock_.date() + lifetime_;
  }
  return folder_.path(FolderRole::Uploads, file);
}

bool UploadShelf::has(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.session == session &&
         clock_.now() < found->second.expires;
}

std::vector<LoraView> UploadShelf::loras(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  std::vector<LoraView> loras;
  for (const auto& [id, entry] : entries_) {
    const auto* lora = std::get_if<LoraView>(&entry.view);
    if (lora != nullptr && entry.session == session) loras.push_back(*lora);
  }
  return loras;
}

void UploadShelf::mark_applied(const std::string& id) {
  const std::lock_guard lock(mutex_);
  applied_.insert(id);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (auto* lora = std::get_if<LoraView>(&found->second.view)) lora->state = LoraState::Applied;
}

bool UploadShelf::is_applied(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return applied_.count(id) > 0;
}

std::optional<StoredFile> UploadShelf::file(const std::string& file_id) const {
  const std::lock_guard lock(mutex_);
  const auto id = ids_of_files_.find(file_id);
  if (id == ids_of_files_.end()) return std::nullopt;
  const Entry& entry = entries_.at(id->second);
  const auto& audio = std::get<AudioUpload>(entry.view);
  return StoredFile{folder_.path(FolderRole::Uploads, entry.file),
                    mime_of_container(audio.container),
                    audio.bytes,
                    entry.sha256,
                    str(upload_role_name(audio.role), ".", audio.container)};
}

void UploadShelf::sweep(const std::set<std::string>& ids_in_use) {
  std::vector<std::string> files;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (clock_.now() < entry->second.expires || ids_in_use.count(entry->first) > 0) {
        ++entry;
        continue;
      }
      files.push_back(entry->second.file);
      applied_.erase(entry->first);
      if (const auto* audio = std::get_if<AudioUpload>(&entry->second.view)) {
        ids_of_files_.erase(audio->file_id);
      }
      expired_[entry->first] = {entry->second.session, name_of(entry->second.view)};
      expired_order_.push_back(entry->first);
      entry = entries_.erase(entry);
    }
    while (expired_order_.size() > kMostExpired) {
      expired_.erase(expired_order_.front());
      expired_order_.pop_front();
    }
  }
  for (const std::string& file : files) folder_.remove(FolderRole::Uploads, file);
}

}  // namespace ams
