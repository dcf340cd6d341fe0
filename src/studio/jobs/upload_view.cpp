#include "studio/jobs/upload_view.h"

#include <array>
#include <system_error>
#include <utility>

#include "tensor/lora_file.h"

namespace ams {
namespace {

constexpr std::array<std::string_view, 4> kRoleNames{
    "ref_audio", "seed_audio", "source_audio", "lora"};

constexpr int64_t kMebibyte = int64_t{1} << 20;

}  // namespace

std::string_view upload_role_name(UploadRole role) {
  return kRoleNames.at(static_cast<size_t>(role));
}

std::optional<UploadRole> parse_upload_role(std::string_view name) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames.at(i) == name) return static_cast<UploadRole>(i);
  }
  return std::nullopt;
}

UploadLimits upload_limits(UploadRole role) {
  switch (role) {
    case UploadRole::RefAudio:
      return {50 * kMebibyte, 1.0, 60.0};
    case UploadRole::SeedAudio:
    case UploadRole::SourceAudio:
      return {100 * kMebibyte, 1.0, 240.0};
    case UploadRole::Lora:
      return {static_cast<int64_t>(kMaxLoraFileBytes), 0.0, 0.0};
  }
  return {};
}

std::string_view lora_state_name(LoraState state) {
  switch (state) {
    case LoraState::NotDownloaded:
      return "not_downloaded";
    case LoraState::Selected:
      return "selected";
    case LoraState::Applied:
      return "applied";
  }
  return "selected";
}

IncomingFile::IncomingFile(std::filesystem::path path) : path_(std::move(path)) {}

IncomingFile::~IncomingFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

IncomingFile::IncomingFile(IncomingFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

}  // namespace ams
