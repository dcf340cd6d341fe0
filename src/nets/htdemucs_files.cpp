// HtdemucsSeparator::load: the file formats that HTDemucs is published in.
#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/str.h"
#include "nets/htdemucs_separator.h"
#include "tensor/torch_archive.h"
#include "tensor/weight_file.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

// The networks of htdemucs_ft; each makes the stem of its place.
constexpr std::array<std::string_view, 4> kFineTuned{
    "f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"};

struct NetworkFile {
  std::shared_ptr<const WeightFile> tensors;
  HtdemucsConfig config;
};

bool is_signature(std::string_view text) {
  return text.size() == 8 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
         });
}

// "955717e8", "state" or "model_0" in front of a tensor's name; empty if there is none.
std::string_view network_prefix(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view head = name.substr(0, dot);
  const bool numbered = head.starts_with("model_") && head.size() > 6 &&
                        head.find_first_not_of("0123456789", 6) == std::string_view::npos;
  return is_signature(head) || head == "state" || numbered ? head : std::string_view{};
}

const StoredTensor& require(const WeightFile& file, std::string_view name, size_t rank) {
  const StoredTensor* tensor = file.find(name);
  if (tensor && tensor->shape.size() == rank) return *tensor;
  throw Error(ErrorCode::CorruptFile,
              str("htdemucs: ",
                  file.description(),
                  " has no '",
                  name,
                  "' of ",
                  rank,
                  " dimensions; it is not a network of the HTDemucs class"));
}

int64_t count_layers(const WeightFile& file, const std::string& prefix, const std::string& suffix) {
  int64_t count = 0;
  while (file.find(str(prefix, count, suffix))) ++count;
  return count;
}

// The keyword arguments as far as the shapes tell them; the rest is as published.
Json kwargs_of_tensors(const WeightFile& file) {
  const StoredTensor& conv = require(file, "encoder.0.conv.weight", 4);
  const int64_t depth = count_layers(file, "encoder.", ".conv.weight");
  const StoredTensor& out = require(file, str("tdecoder.", depth - 1, ".conv_tr.bias"), 1);
  const StoredTensor& embedding = require(file, "freq_emb.embedding.weight", 2);
  Json kwargs = Json::object();
  const std::array<const char*, 6> names{"drums", "bass", "other", "vocals", "guitar", "piano"};
  const int64_t stems = out.shape[0] / 2;
  if (stems != 4 && stems != 6) {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: ", file.description(), " makes ", stems, " stems without names"));
  }
  Json sources = Json::array();
  for (size_t i = 0; i < static_cast<size_t>(stems); ++i) sources.push_back(names[i]);
  Json segment = Json::object();  // 7.8 s
  segment.set("numerator", 39);
  segment.set("denominator", 5);
  kwargs.set("sources", sources);
  kwargs.set("segment", segment);
  kwargs.set("channels", conv.shape[0]);
  kwargs.set("depth", depth);
  kwargs.set("nfft", std::clamp<int64_t>(embedding.shape[0], 1, 1 << 16) * 8);
  const StoredTensor* upsampler = file.find("channel_upsampler.weight");
  kwargs.set("bottom_channels",
             upsampler && !upsampler->shape.empty() ? upsampler->shape[0] : int64_t{0});
  const bool encoder_dconv = file.find("encoder.0.dconv.layers.0.0.weight");
  const bool decoder_dconv = file.find("decoder.0.dconv.layers.0.0.weight");
  kwargs.set("dconv_mode", (encoder_dconv ? 1 : 0) + (decoder_dconv ? 2 : 0));
  kwargs.set("t_layers", count_layers(file, "crosstransformer.layers.", ".linear1.weight"));
  return kwargs;
}

std::optional<Json> sidecar_kwargs(const fs::path& path) {
  fs::path sidecar = path;
  sidecar.replace_extension(".json");
  if (!fs::exists(sidecar)) sidecar = path.parent_path() / "kwargs.json";
  if (!fs::exists(sidecar)) return std::nullopt;
  const Json json = Json::parse_file(sidecar);
  if (!json.contains("kwargs")) return std::nullopt;
  const Json kwargs = json.at("kwargs");
  return kwargs.is_string() ? Json::parse(kwargs.as_string(), sidecar.string()) : kwargs;
}

NetworkFile read_package(const fs::path& path) {
  const TorchArchive archive = read_torch_archive(path);
  const std::string klass = archive.root.get("klass", "");
  if (klass.find("HTDemucs") == std::string::npos) {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: ",
                    path.string(),
                    " holds the class '",
                    klass,
                    "', expected demucs.htdemucs.HTDemucs"));
  }
  if (!archive.root.contains("kwargs")) {
    throw Error(ErrorCode::CorruptFile,
                str("htdemucs: ", path.string(), " has no keyword arguments"));
  }
  return {archive.tensors, HtdemucsConfig::parse(archive.root.at("kwargs"))};
}

std::vector<NetworkFile> read_safetensors(const fs::path& path) {
  const std::shared_ptr<const WeightFile> file = open_weights(path);
  std::map<std::string, size_t, std::less<>> prefixes;
  for (const StoredTensor& tensor : file->tensors()) {
    ++prefixes[std::string(network_prefix(tensor.name))];
  }
  std::vector<std::string> order;
  for (const std::string_view signature : kFineTuned) {
    if (prefixes.contains(signature)) order.emplace_back(signature);
  }
  if (order.empty() && prefixes.size() == 1) order.push_back(prefixes.begin()->first);
  if (order.size() != prefixes.size()) {
    throw Error(ErrorCode::Unsupported,
                str("htdemucs: ",
                    path.string(),
                    " holds ",
                    prefixes.size(),
                    " networks whose order is not known; give one file a network"));
  }
  const std::optional<Json> kwargs = sidecar_kwargs(path);
  std::vector<NetworkFile> networks;
  for (const std::string& prefix : order) {
    NetworkFile network;
    network.tensors = rename_weights(file, [prefix](std::string_view name) {
      if (network_prefix(name) != prefix) return std::string();
      return std::string(prefix.empty() ? name : name.substr(prefix.size() + 1));
    });
    network.config = HtdemucsConfig::parse(kwargs ? *kwargs : kwargs_of_tensors(*network.tensors));
    networks.push_back(std::move(network));
  }
  return networks;
}

std::vector<NetworkFile> read_file(const fs::path& path) {
  if (path.extension() == ".safetensors") return read_safetensors(path);
  std::vector<NetworkFile> networks;
  networks.push_back(read_package(path));
  return networks;
}

// What a bag's YAML says, of which only two flat lists matter.
struct BagDescription {
  std::vector<std::string> signatures;
  std::vector<std::vector<float>> shares;  // [network][stem]; empty: all equal
};

// The bracketed text after `key`, with its inner brackets.
std::string_view bracket_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const size_t open = text.find('[', at);
  if (open == std::string_view::npos) return {};
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] == ']' && --depth == 0) return text.substr(open + 1, i - open - 1);
  }
  return {};
}

std::vector<std::string> split_items(std::string_view list) {
  std::vector<std::string> items;
  std::string item;
  for (const char c : list) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-') {
      item += c;
    } else if (!item.empty()) {
      items.push_back(std::move(item));
      item.clear();
    }
  }
  if (!item.empty()) items.push_back(std::move(item));
  return items;
}

BagDescription read_bag(const fs::path& path) {
  constexpr std::uintmax_t kLargest = 64 * 1024;
  if (fs::file_size(path) > kLargest) {
    throw Error(ErrorCode::CorruptFile, str("htdemucs: ", path.string(), " is too large"));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  const std::string text = content.str();
  BagDescription bag;
  bag.signatures = split_items(bracket_after(text, "models:"));
  std::string_view weights = bracket_after(text, "weights:");
  while (weights.find('[') != std::string_view::npos) {
    std::vector<float> row;
    for (const std::string& item : split_items(bracket_after(weights, "["))) {
      std::istringstream number(item);
      float value = -1.0f;
      number >> value;
      if (!(value >= 0.0f && value <= 1e6f)) {
        throw Error(ErrorCode::CorruptFile,
                    str("htdemucs: ", path.string(), " has the weight '", item, "'"));
      }
      row.push_back(value);
    }
    bag.shares.push_back(std::move(row));
    weights = weights.substr(std::min(weights.size(), weights.find(']') + 1));
  }
  if (bag.signatures.empty() ||
      (!bag.shares.empty() && bag.shares.size() != bag.signatures.size())) {
    throw Error(ErrorCode::CorruptFile,
                str("htdemucs: ",
                    path.string(),
                    " lists ",
                    bag.signatures.size(),
                    " models and ",
                    bag.shares.size(),
                    " rows of weights"));
  }
  return bag;
}

bool is_network_file(const fs::path& path) {
  return path.extension() == ".th" || path.extension() == ".safetensors";
}

std::vector<fs::path> sorted_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<NetworkFile> read_folder(const fs::path& folder,
                                     std::vector<std::vector<float>>& shares) {
  const std::vector<fs::path> files = sorted_files(folder);
  const auto yaml = std::find_if(
      files.begin(), files.end(), [](const fs::path& path) { return path.extension() == ".yaml"; });
  if (yaml == files.end()) {
    const auto found = std::find_if(files.begin(), files.end(), is_network_file);
    if (found != files.end()) return read_file(*found);
    throw Error(ErrorCode::NotFound,
                str("htdemucs: ", folder.string(), " has no .th or .safetensors file"));
  }
  const BagDescription bag = read_bag(*yaml);
  shares = bag.shares;
  std::vector<NetworkFile> networks;
  for (const std::string& signature : bag.signatures) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const fs::path& path) {
      return is_network_file(path) && path.filename().string().starts_with(signature);
    });
    if (found == files.end()) {
      throw Error(ErrorCode::NotFound,
                  str("htdemucs: ",
                      folder.string(),
                      " lacks the network '",
                      signature,
                      "' that ",
                      yaml->filename().string(),
                      " names"));
    }
    std::vector<NetworkFile> one = read_file(*found);
    for (NetworkFile& network : one) networks.push_back(std::move(network));
  }
  return networks;
}

// shares: [network][stem]; empty: all networks make all stems.
std::unique_ptr<HtdemucsSeparator> make_separator(const std::vector<NetworkFile>& networks,
                                                  const std::vector<std::vector<float>>& shares,
                                                  const Device& device) {
  std::vector<HtdemucsSeparator::Member> members;
  for (size_t i = 0; i < networks.size(); ++i) {
    const HtdemucsConfig& config = networks[i].config;
    HtdemucsSeparator::Member member;
    member.shares.assign(config.sources.size(), 1.0f);
    if (i < shares.size()) member.shares = shares[i];
    member.network = std::make_unique<Htdemucs>(config, device);
    member.network->store().load(*networks[i].tensors, device, Precision::F32);
    members.push_back(std::move(member));
  }
  return std::make_unique<HtdemucsSeparator>(std::move(members));
}

// The fine-tuned bag: each network makes one stem. Empty for other numbers of networks.
std::vector<std::vector<float>> one_stem_each(const std::vector<NetworkFile>& networks) {
  std::vector<std::vector<float>> shares;
  if (networks.size() != kFineTuned.size()) return shares;
  for (size_t i = 0; i < networks.size(); ++i) {
    shares.emplace_back(networks[i].config.sources.size(), 0.0f);
    if (i < shares[i].size()) shares[i][i] = 1.0f;
  }
  return shares;
}

}  // namespace

std::unique_ptr<HtdemucsSeparator> HtdemucsSeparator::load(const fs::path& path,
                                                           const Device& device) {
  if (fs::is_directory(path)) {
    std::vector<std::vector<float>> shares;
    const std::vector<NetworkFile> networks = read_folder(path, shares);
    return make_separator(networks, shares, device);
  }
  const std::vector<NetworkFile> networks = read_file(path);
  return make_separator(networks, one_stem_each(networks), device);
}

std::unique_ptr<HtdemucsSeparator> HtdemucsSeparator::load_bag(std::span<const fs::path> files,
                                                               const Device& device) {
  std::vector<NetworkFile> networks;
  for (const fs::path& file : files) {
    std::vector<NetworkFile> read = read_file(file);
    for (NetworkFile& network : read) networks.push_back(std::move(network));
  }
  return make_separator(networks, one_stem_each(networks), device);
}

}  // namespace ams
