// From the adapters that a request names to files.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "studio/requests/song_controls.h"
#include "studio/song_report.h"
#include "tensor/lora_file.h"
#include "tensor/lora_stack.h"

namespace ams {

// The file or folder of an adapter: `name` is a path, or a preset looked up in `folders` and in
// their subfolder "loras". Throws NotFound saying where was looked, Unsupported for a preset of
// another model. Thread-safe.
std::filesystem::path find_lora(const std::string& name,
                                std::span<const std::filesystem::path> folders);

// Opened adapters. Those of the last request stay open, so that a stack whose strengths change
// keeps what it holds on the device. Confined to the worker thread.
class LoraShelf {
 public:
  // One use for each choice, in order. Throws what find_lora() and open_lora() throw.
  std::vector<LoraUse> open(std::span<const LoraChoice> choices,
                            std::span<const std::filesystem::path> folders);

  // What metadata says about uses of open() and what became of them.
  std::vector<SongLora> report(std::span<const LoraChoice> choices,
                               std::span<const LoraUse> uses,
                               std::span<const LoraOutcome> outcomes);

 private:
  struct Entry {
    std::filesystem::file_time_type changed;  // of the file when it was opened
    std::shared_ptr<const LoraFile> file;     // shared: the stack compares and keeps it
    std::string sha256;                       // empty: not asked for yet
  };
  std::map<std::filesystem::path, Entry> entries_;  // by the path that was opened
};

}  // namespace ams
