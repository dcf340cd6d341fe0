#include "hostile/broken_checkpoint.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

namespace ams {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void replace_bytes(const fs::path& file, std::string_view bytes) {
  fs::remove(file);
  std::ofstream(file, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void set_entry(Json& header, std::string_view name, std::string_view key, std::string_view value) {
  Json entry = header.at(name);
  entry.set(key, Json::parse(value, "test"));
  header.set(name, entry);
}

BrokenCheckpoint::BrokenCheckpoint() {
  const fs::path source = fs::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data/checkpoints";
  fs::create_directory(root());
  for (const std::string_view network : {kSongFolder, kVaeFolder, kEncoderFolder, kPlannerFolder}) {
    fs::copy(source / network, root() / network, fs::copy_options::recursive);
  }
}

fs::path BrokenCheckpoint::file(std::string_view network, std::string_view name) const {
  return root() / network / name;
}

fs::path BrokenCheckpoint::weights(std::string_view network) const {
  return file(network,
              network == kVaeFolder ? "diffusion_pytorch_model.safetensors" : "model.safetensors");
}

void BrokenCheckpoint::set_config(std::string_view network,
                                  std::string_view key,
                                  std::string_view value) const {
  const fs::path path = file(network, "config.json");
  Json config = Json::parse_file(path);
  config.set(key, Json::parse(value, "test"));
  replace_bytes(path, config.dump());
}

void BrokenCheckpoint::change_weights(
    std::string_view network,
    const std::function<void(Json& header, std::string& data)>& change) const {
  const fs::path path = weights(network);
  const std::string bytes = bytes_of(path);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  Json header = Json::parse(std::string_view(bytes).substr(sizeof(length), length), "test");
  std::string data = bytes.substr(sizeof(length) + length);
  change(header, data);
  const std::string text = header.dump();
  length = text.size();
  std::string changed(sizeof(length), '\0');
  std::memcpy(changed.data(), &length, sizeof(length));
  replace_bytes(path, changed + text + data);
}

}  // namespace ams
