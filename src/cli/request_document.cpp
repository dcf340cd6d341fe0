#include "cli/request_document.h"

#include "base/error.h"
#include "base/str.h"
#include "studio/post/audio_facts.h"

namespace ams {
namespace {

constexpr size_t kMaxRequestBytes = size_t{1} << 20;

}  // namespace

bool is_json_name(const std::filesystem::path& path) { return path.extension() == ".json"; }

Json request_document(const std::filesystem::path& path) {
  if (is_json_name(path)) return Json::parse_file(path, kMaxRequestBytes);
  const std::string text = request_in_audio(path);
  if (text.empty()) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: '",
                    path.string(),
                    "' holds no request in its tags; expected a song of this program or a .json "
                    "file"));
  }
  return Json::parse(text, path.string());
}

}  // namespace ams
