#include "studio/post/export_format.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

std::string lower_ending(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return ending;
}

}  // namespace

std::vector<std::string> export_format_names() {
  std::vector<std::string> names{"auto"};
  for (const AudioFormatInfo& info : audio_formats()) names.emplace_back(info.name);
  return names;
}

AudioFormat format_of_name(const std::filesystem::path& path) {
  const std::string ending = lower_ending(path);
  std::string endings;
  std::string_view last;
  for (const AudioFormatInfo& info : audio_formats()) {
    if (info.extension == ending) return info.format;
    if (info.extension != last) endings += str(endings.empty() ? "" : ", ", info.extension);
    last = info.extension;
  }
  throw Error(ErrorCode::InvalidRequest,
              str("output: '", path.string(), "' expected a name that ends in one of ", endings));
}

AudioFormat resolve_format(ExportFormat format, const std::filesystem::path& path) {
  if (format == ExportFormat::ByEnding) return format_of_name(path);
  const AudioFormatInfo& info = audio_formats()[static_cast<size_t>(format) - 1];
  if (lower_ending(path) == info.extension) return info.format;
  throw Error(ErrorCode::InvalidRequest,
              str("output: '",
                  path.string(),
                  "' expected a name that ends in ",
                  info.extension,
                  " for the format ",
                  info.name));
}

}  // namespace ams
