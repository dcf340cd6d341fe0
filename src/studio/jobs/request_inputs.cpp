#include "studio/jobs/request_inputs.h"

#include <cctype>
#include <utility>

#include "base/str.h"
#include "studio/jobs/problem.h"
#include "studio/lora/lora_presets.h"
#include "studio/models/song_model_files.h"

namespace ams {
namespace {

constexpr double kLengthTolerance = 0.05;  // s
constexpr double kLongestExtended = 360;   // s, seed and extension together

struct FindInput {
  AudioInput operator()(GenerateRequest&) const { return {}; }
  AudioInput operator()(CoverRequest& request) const {
    return {&request.ref_audio, UploadRole::RefAudio};
  }
  AudioInput operator()(ExtendRequest& request) const {
    return {&request.seed_audio, UploadRole::SeedAudio};
  }
  AudioInput operator()(EditRequest& request) const {
    return {&request.source_audio, UploadRole::SourceAudio};
  }
};

[[noreturn]] void refuse(ErrorCode code, std::string_view field, const std::string& message) {
  Problem problem;
  problem.field = field;
  problem.message = message;
  throw ProblemError(code, std::move(problem));
}

// What only the length of the input can tell.
void check_length(const SongRequest& request, double seconds) {
  if (const auto* extend = std::get_if<ExtendRequest>(&request)) {
    if (seconds + extend->extra_duration_seconds <= kLongestExtended) return;
    refuse(ErrorCode::InvalidRequest,
           "extra_duration_s",
           str("request: seed (",
               seconds,
               " s) and extension (",
               extend->extra_duration_seconds,
               " s) are together at most ",
               kLongestExtended,
               " s"));
  }
  const auto* edit = std::get_if<EditRequest>(&request);
  if (edit == nullptr || edit->sub_mode != EditMode::Repaint) return;
  const double end = edit->segment_end_seconds.value_or(seconds);
  if (edit->segment_start_seconds < seconds && end <= seconds + kLengthTolerance) return;
  refuse(ErrorCode::InvalidRequest,
         edit->segment_start_seconds < seconds ? "segment_end_s" : "segment_start_s",
         str("request: the segment from ",
             edit->segment_start_seconds,
             " s to ",
             end,
             " s lies outside of the source, which lasts ",
             seconds,
             " s"));
}

// Engines take folders as models; from outside only names are allowed. One that is not here is
// refused now: after a while in the queue it would say no more.
void check_model(const std::string& model, const StudioParts& parts) {
  if (model.empty() || model == parts.survey.facts.model) return;
  const bool is_path = model.find_first_of("/\\") != std::string::npos || model.front() == '.';
  if (!is_path && (parts.model_folders.empty() || has_song_model(model, parts.model_folders))) {
    return;
  }
  refuse(ErrorCode::InvalidRequest,
         "model",
         str("request: '", model, "' is no song model of this studio; GET /models lists them"));
}

const LoraPreset* find_preset(std::string_view id) {
  for (const LoraPreset& preset : lora_presets()) {
    if (preset_id(preset.name) == id) return &preset;
  }
  return find_lora_preset(id);
}

// The engine's name for an adapter.
std::string resolve_lora(const std::string& session, const std::string& id, const Workshop& shop) {
  const LoraPreset* const preset = find_preset(id);
  if (preset == nullptr) {
    const LoraView lora = shop.uploads.lora(session, id);
    return shop.uploads.use(session, lora.id).string();
  }
  Problem problem;
  problem.field = "loras";
  problem.actions = {WayOut::RemoveLora};
  if (!preset->fits_this_program) {
    problem.message = str("lora: preset '",
                          preset->name,
                          "' was made for ",
                          preset->made_for,
                          "; it has no place in an ACE-Step 1.5 model");
    throw ProblemError(ErrorCode::Unsupported, std::move(problem));
  }
  const auto& downloader = shop.parts.downloader;
  if (downloader && !downloader->is_present(std::string(preset->name))) {
    problem.message = str("lora: preset '", preset->name, "' is not downloaded yet");
    throw ProblemError(ErrorCode::NotFound, std::move(problem));
  }
  return std::string(preset->name);
}

// The field belongs to the message, whatever the shelf says.
template <typename Find>
auto with_field(std::string_view field, Find find) -> decltype(find()) {
  try {
    return find();
  } catch (const ProblemError&) {
    throw;
  } catch (const Error& error) {
    refuse(error.code(), field, error.what());
  }
}

}  // namespace

AudioInput audio_input(SongRequest& request) { return std::visit(FindInput(), request); }

std::set<std::string> named_ids(const SongRequest& request) {
  SongRequest copy = request;
  std::set<std::string> ids;
  if (const AudioInput input = audio_input(copy); input.upload) ids.insert(*input.upload);
  for (const LoraChoice& lora : controls_of(request).loras) ids.insert(lora.name);
  return ids;
}

SongTask resolve_request(const std::string& session, SongRequest request, const Workshop& shop) {
  SongTask task;
  check_model(controls_of(request).model, shop.parts);
  if (const AudioInput input = audio_input(request); input.upload) {
    with_field(upload_role_name(input.role), [&] {
      const AudioUpload upload = shop.uploads.audio(session, *input.upload);
      if (upload.duration_seconds > upload_limits(input.role).max_seconds + kLengthTolerance) {
        refuse(ErrorCode::InvalidRequest,
               upload_role_name(input.role),
               str("request: '",
                   upload.name,
                   "' lasts ",
                   upload.duration_seconds,
                   " s, at most ",
                   upload_limits(input.role).max_seconds,
                   " s are possible here"));
      }
      check_length(request, upload.duration_seconds);
      task.input_upload = upload.id;
      *input.upload = shop.uploads.use(session, upload.id).string();
      return true;
    });
  }
  for (LoraChoice& lora : controls_of(request).loras) {
    lora.name = with_field("loras", [&] { return resolve_lora(session, lora.name, shop); });
  }
  task.request = std::move(request);
  return task;
}

bool has_inputs(const std::string& session, const JobRequest& request, const UploadShelf& uploads) {
  const auto* song = std::get_if<SongRequest>(&request);
  if (song == nullptr) return true;
  for (const std::string& id : named_ids(*song)) {
    if (find_preset(id) == nullptr && !uploads.has(session, id)) return false;
  }
  return true;
}

std::string preset_id(std::string_view name) {
  std::string id = "preset:";
  for (const char c : name) {
    id += c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return id;
}

}  // namespace ams
