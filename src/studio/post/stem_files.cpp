#include "studio/post/stem_files.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "audio/encode.h"
#include "audio/level.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/text_file.h"
#include "nets/htdemucs_separator.h"

namespace ams {
namespace {

constexpr size_t kSignatureLength = 8;

bool is_hexadecimal(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// "955717e8-8726e21a.th": a signature and the first digits of the file's SHA-256.
std::optional<std::string> stated_hash(const std::filesystem::path& file) {
  const std::string name = file.stem().string();
  const bool has_form = file.extension() == ".th" && name.size() == 2 * kSignatureLength + 1 &&
                        name[kSignatureLength] == '-' &&
                        is_hexadecimal(name.substr(0, kSignatureLength)) &&
                        is_hexadecimal(name.substr(kSignatureLength + 1));
  if (!has_form) return std::nullopt;
  return name.substr(kSignatureLength + 1);
}

void check_hash(const std::filesystem::path& file) {
  const std::optional<std::string> stated = stated_hash(file);
  if (!stated) return;
  const std::string actual = sha256_of_file(file).substr(0, kSignatureLength);
  if (actual == *stated) return;
  throw Error(ErrorCode::CorruptFile,
              str("stems: ",
                  file.string(),
                  " has a SHA-256 that begins with ",
                  actual,
                  ", its name says ",
                  *stated,
                  "; fetch it again"));
}

}  // namespace

StemPaths stem_paths(const StemFileRequest& request) {
  StemPaths paths;
  paths.folder = request.folder.empty() ? request.source.parent_path() : request.folder;
  if (paths.folder.empty()) paths.folder = ".";
  paths.name = request.name.empty() ? request.source.stem().string() : request.name;
  if (paths.name.empty() || std::filesystem::path(paths.name).filename() != paths.name) {
    throw Error(ErrorCode::InvalidRequest,
                str("stems: '", paths.name, "' is no name for files; it must hold no folder"));
  }
  require_writable(paths.zip());
  return paths;
}

std::unique_ptr<StemSeparator> load_stem_separator(const StemModelFiles& model,
                                                   const Device& device) {
  for (const std::filesystem::path& file : model.files) check_hash(file);
  if (model.files.size() == 1) return HtdemucsSeparator::load(model.files.front(), device);
  return HtdemucsSeparator::load_bag(model.files, device);
}

std::vector<StemFile> write_stems(const std::vector<Stem>& stems, const StemPaths& paths) {
  EncodeOptions options;
  options.format = AudioFormat::Wav16;
  std::vector<std::unique_ptr<AudioWriter>> writers;
  std::vector<StemFile> files;
  for (const Stem& stem : stems) {
    const AudioBuffer& audio = stem.audio;
    StemFile file{stem.name, paths.stem(stem.name), std::nullopt};
    const float peak = peak_amplitude(audio);
    if (peak > 0.0f) file.peak_dbfs = amplitude_to_db(static_cast<double>(peak));
    options.tags.title = str(paths.name, " (", stem.name, ")");
    writers.push_back(
        std::make_unique<AudioWriter>(file.path, audio.sample_rate, audio.channels(), options));
    writers.back()->write(audio.samples);
    files.push_back(std::move(file));
  }
  for (const auto& writer : writers) writer->finish();
  return files;
}

}  // namespace ams
