// A copy of the tiny checkpoints of tests/golden/data that a test may break.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "support/temporary_folder.h"

namespace ams {

inline constexpr std::string_view kSongFolder = "acestep-v15-xl-sft";
inline constexpr std::string_view kVaeFolder = "vae";
inline constexpr std::string_view kEncoderFolder = "Qwen3-Embedding-0.6B";
inline constexpr std::string_view kPlannerFolder = "acestep-5Hz-lm-1.7B";

class BrokenCheckpoint {
 public:
  BrokenCheckpoint();

  std::filesystem::path root() const { return folder_.path() / "models"; }
  // A file of one network, for example (kVaeFolder, "config.json").
  std::filesystem::path file(std::string_view network, std::string_view name) const;
  // The one weight file of a network.
  std::filesystem::path weights(std::string_view network) const;

  // Sets a key of config.json; `value` is JSON text.
  void set_config(std::string_view network, std::string_view key, std::string_view value) const;
  // Lets `change` edit the parsed header and the tensors' bytes of the network's weights.
  void change_weights(std::string_view network,
                      const std::function<void(Json& header, std::string& data)>& change) const;

 private:
  TemporaryFolder folder_;
};

std::string bytes_of(const std::filesystem::path& file);
void replace_bytes(const std::filesystem::path& file, std::string_view bytes);

// Sets `key` of the tensor `name` in a safetensors header; `value` is JSON text.
void set_entry(Json& header, std::string_view name, std::string_view key, std::string_view value);

}  // namespace ams
