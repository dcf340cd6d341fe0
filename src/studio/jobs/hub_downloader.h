// The job engine's downloader over the Hub: presets and models by the names of `ams pull`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "studio/jobs/studio_parts.h"
#include "studio/models/model_downloads.h"

namespace ams {

// Thread-safe.
class HubDownloader : public Downloader {
 public:
  // `folders`: where models are looked up; what lies there by hand counts as present.
  HubDownloader(HubOptions options, std::vector<std::filesystem::path> folders);

  bool is_present(const std::string& name) const override;
  std::vector<DownloadOffer> offers() const override;
  void fetch(const std::string& name, const DownloadContext& context) override;

 private:
  const HubOptions options_;
  const std::vector<std::filesystem::path> folders_;
};

}  // namespace ams
