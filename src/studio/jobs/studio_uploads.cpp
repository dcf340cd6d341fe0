// Uploads of the studio: from a streamed file to something that a request can name.
#include <algorithm>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "studio/jobs/audio_intake.h"
#include "studio/jobs/random_id.h"
#include "studio/jobs/request_inputs.h"
#include "studio/jobs/studio_impl.h"
#include "studio/lora/lora_presets.h"
#include "tensor/lora_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr double kShortestTrim = 1.0;  // s

// An adapter's error, with its user's name for the file.
[[noreturn]] void refuse_lora(const Error& error, const fs::path& file, const std::string& name) {
  Problem problem;
  problem.field = "lora";
  problem.title = "This adapter cannot be used";
  problem.message = error.what();
  for (const std::string& mention :
       {file.string(), file.filename().string(), file.stem().string()}) {
    for (size_t at = problem.message.find(mention); at != std::string::npos;
         at = problem.message.find(mention, at + name.size())) {
      problem.message.replace(at, mention.size(), name);
    }
  }
  problem.actions = {WayOut::PickFile};
  throw ProblemError(error.code(), std::move(problem));
}

void require_kind(UploadRole role, bool wants_audio) {
  if ((role != UploadRole::Lora) == wants_audio) return;
  throw Error(ErrorCode::InvalidRequest,
              str("studio: the role '", upload_role_name(role), "' takes another kind of file"));
}

class Turn {
 public:
  explicit Turn(std::counting_semaphore<>& turns) : turns_(turns) { turns_.acquire(); }
  ~Turn() { turns_.release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::counting_semaphore<>& turns_;
};

// Several names of one file, where the file system can.
void link_or_copy(const fs::path& source, const fs::path& target) {
  std::error_code error;
  fs::create_hard_link(source, target, error);
  if (error) fs::copy_file(source, target, error);
  if (error) {
    throw Error(ErrorCode::Internal,
                str("studio: a file cannot be copied into 'tmp': ", error.message()));
  }
}

}  // namespace

IncomingFile Studio::Impl::begin_upload(UploadRole role, std::optional<int64_t> announced_bytes) {
  require_open();
  const int64_t most = upload_limits(role).max_bytes;
  // What surrounds the file in a multipart body is not the file's.
  constexpr int64_t kAroundFile = int64_t{64} << 10;
  if (announced_bytes && *announced_bytes > most + kAroundFile) {
    Problem problem;
    problem.field = upload_role_name(role);
    problem.message = str("studio: the upload has ",
                          *announced_bytes >> 20,
                          " MiB, at most ",
                          most >> 20,
                          " are possible");
    problem.actions = {WayOut::PickFile};
    throw ProblemError(ErrorCode::TooLarge, std::move(problem));
  }
  folder.require_space(FolderRole::Temporary,
                       static_cast<uintmax_t>(announced_bytes.value_or(most)));
  return IncomingFile(folder.path(FolderRole::Temporary, random_id("in_") + ".safetensors"));
}

AudioUpload Studio::Impl::accept_audio(const std::string& session,
                                       UploadRole role,
                                       const std::string& name,
                                       std::optional<double> trim_seconds,
                                       IncomingFile file) {
  require_kind(role, /*wants_audio=*/true);
  AudioIntake intake;
  intake.file = file.path();
  intake.role = role;
  intake.name = display_name(name);
  if (trim_seconds) {
    intake.trim_seconds = std::clamp(*trim_seconds, kShortestTrim, upload_limits(role).max_seconds);
  }
  const Turn turn(intake_);
  return uploads.add(session, take_in_audio(intake), std::move(file));
}

LoraView Studio::Impl::accept_lora(const std::string& session,
                                   const std::string& name,
                                   IncomingFile file) {
  LoraView lora;
  lora.name = display_name(name);
  constexpr std::string_view kEnding = ".safetensors";
  if (lora.name.size() > kEnding.size() && lora.name.ends_with(kEnding)) {
    lora.name.resize(lora.name.size() - kEnding.size());
  }
  try {
    const auto opened = open_lora(file.path());
    lora.bytes = static_cast<int64_t>(opened->bytes);
    lora.rank = opened->rank;
    lora.alpha = opened->alpha;
  } catch (const Error& error) {
    refuse_lora(error, file.path(), lora.name);
  }
  lora.sha256 = sha256_of_file(file.path());
  lora.state = LoraState::Selected;
  return uploads.add(session, std::move(lora), std::move(file));
}

AudioUpload Studio::Impl::upload_from_result(const std::string& session,
                                             const std::string& result_id,
                                             FileRole role,
                                             UploadRole target) {
  require_kind(target, /*wants_audio=*/true);
  const ResultPtr record = results.find(session, result_id);
  const ResultFile& source = require_role(*record, role);
  IncomingFile file = begin_upload(target, source.bytes);
  link_or_copy(folder.path(FolderRole::Output, record->names.at(source.file_id)), file.path());
  // What is too long for the role gives its beginning: there is nobody to ask.
  std::optional<double> trim;
  const double most = upload_limits(target).max_seconds;
  if (source.duration_seconds.value_or(0.0) > most) trim = most;
  const std::string label = record->view.label.empty() ? record->view.mode : record->view.label;
  return accept_audio(session, target, label, trim, std::move(file));
}

LoraList Studio::Impl::loras(const std::string& session) {
  LoraList list;
  for (const LoraPreset& preset : lora_presets()) {
    LoraView view;
    view.id = preset_id(preset.name);
    view.name = preset.name;
    view.is_preset = true;
    view.default_scale = preset.default_scale;
    const bool is_here =
        preset.fits_this_program && parts.downloader && parts.downloader->is_present(view.name);
    view.state = is_here ? LoraState::Selected : LoraState::NotDownloaded;
    if (uploads.is_applied(view.id)) view.state = LoraState::Applied;
    list.presets.push_back(std::move(view));
  }
  list.custom = uploads.loras(session);
  return list;
}

}  // namespace ams
