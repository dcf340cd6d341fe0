// Opening separators and writing stems. Module-private.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "studio/post/stem_models.h"
#include "studio/post/stems.h"

namespace ams {

// Where the files of a song go.
struct StemPaths {
  std::filesystem::path folder;
  std::string name;

  std::filesystem::path stem(const std::string& stem_name) const {
    return folder / (name + "." + stem_name + ".wav");
  }
  std::filesystem::path zip() const { return folder / (name + ".stems.zip"); }
};

// Throws NotFound if the folder does not exist, InvalidRequest if it cannot be written or the name
// is no file name.
StemPaths stem_paths(const StemFileRequest& request);

// Loads the networks. A file whose name states its hash ("955717e8-8726e21a.th") must have it:
// CorruptFile otherwise. Throws as HtdemucsSeparator::load().
std::unique_ptr<StemSeparator> load_stem_separator(const StemModelFiles& model,
                                                   const Device& device);

// All files are complete before the first one gets its name.
std::vector<StemFile> write_stems(const std::vector<Stem>& stems, const StemPaths& paths);

}  // namespace ams
