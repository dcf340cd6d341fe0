#include "studio/jobs/result_view.h"

#include <array>

namespace ams {
namespace {

constexpr std::array<std::string_view, 10> kRoleNames{
    "song", "input", "normalised", "mp3", "flac", "stems_zip", "vocals", "drums", "bass", "other"};

}  // namespace

std::string_view file_role_name(FileRole role) { return kRoleNames.at(static_cast<size_t>(role)); }

std::optional<FileRole> parse_file_role(std::string_view name) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames.at(i) == name) return static_cast<FileRole>(i);
  }
  return std::nullopt;
}

}  // namespace ams
