#include "studio/weights/source_identity.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "base/str.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHeaderBytes = size_t{256} << 10;
constexpr size_t kSampleBytes = 4096;
constexpr size_t kSamples = 64;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<fs::path> files_ending_in(const fs::path& folder,
                                      const std::vector<std::string_view>& endings) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool is_one = std::any_of(endings.begin(), endings.end(), [&](std::string_view each) {
      return name.ends_with(each);
    });
    if (is_one) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The published files, or else those that `ams quantise` wrote.
std::vector<fs::path> weight_files(const fs::path& folder) {
  auto files = files_ending_in(folder, {".safetensors", ".safetensors.index.json"});
  const bool has_weights = std::any_of(files.begin(), files.end(), [](const fs::path& path) {
    return path.filename() != "silence_latent.safetensors";
  });
  if (has_weights) return files;
  const auto quantised = files_ending_in(folder, {".gguf"});
  files.insert(files.end(), quantised.begin(), quantised.end());
  return files;
}

}  // namespace

std::string source_identity(const fs::path& folder) {
  std::string text;
  for (const fs::path& path : weight_files(folder)) {
    const MappedFile file(path);
    const int64_t changed = fs::last_write_time(path).time_since_epoch().count();
    text += str(path.filename().string(), ' ', file.size(), ' ', changed, '\n');
    text += text_of(file.range(0, std::min(kHeaderBytes, file.size())));
    for (size_t i = 0; i < kSamples && file.size() > kHeaderBytes; ++i) {
      const size_t offset = (file.size() - kSampleBytes) / kSamples * (i + 1);
      text += text_of(file.range(offset, kSampleBytes));
    }
  }
  if (text.empty()) {
    throw Error(ErrorCode::NotFound,
                str("weights: ", folder.string(), " holds no .safetensors or .gguf file"));
  }
  return sha256_of(text);
}

}  // namespace ams
