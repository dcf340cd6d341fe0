// Sharded safetensors: `<name>.safetensors.index.json` maps each tensor to the file that has it.
#include <map>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "tensor/safetensors.h"
#include "tensor/tensor_table.h"

namespace ams {
namespace {

using WeightMap = std::map<std::string, std::string>;  // tensor -> shard

[[noreturn]] void throw_corrupt(const std::string& what, const std::string& message) {
  throw Error(ErrorCode::CorruptFile, str("weights: ", what, " ", message));
}

// A shard lies beside its index: a name with a folder in it could reach any file of the machine.
void check_shard_name(const std::string& shard, const std::string& what) {
  const bool has_folder = shard.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos;
  if (shard.empty() || shard == "." || shard == ".." || has_folder) {
    throw_corrupt(what, str("must list shards by a plain file name, got '", shard, "'"));
  }
}

WeightMap parse_weight_map(const Json& index, const std::string& what) {
  if (!index.contains("weight_map") || !index.at("weight_map").is_object()) {
    throw_corrupt(what, "has no object 'weight_map'");
  }
  WeightMap map;
  index.at("weight_map").for_each_member([&](const std::string& name, const Json& shard) {
    if (!shard.is_string()) throw_corrupt(what, str("names no shard for '", name, "'"));
    check_shard_name(shard.as_string(), what);
    map.emplace(name, shard.as_string());
  });
  if (map.empty()) throw_corrupt(what, "lists no tensors");
  return map;
}

std::map<std::string, std::shared_ptr<const WeightFile>> open_shards(
    const WeightMap& map, const std::filesystem::path& index_path) {
  std::map<std::string, std::shared_ptr<const WeightFile>> shards;
  for (const auto& [name, shard] : map) {
    if (shards.contains(shard)) continue;
    const std::filesystem::path path = index_path.parent_path() / shard;
    if (!std::filesystem::exists(path)) {
      throw Error(ErrorCode::NotFound,
                  str("weights: the shard ",
                      path.string(),
                      " that ",
                      index_path.string(),
                      " lists is missing; the download may be incomplete"));
    }
    shards.emplace(shard, open_safetensors(path));
  }
  return shards;
}

// Older writers stored the size as a real number; a missing one is accepted.
void check_total_size(const Json& index, size_t total, const std::string& what) {
  const Json metadata = index.contains("metadata") ? index.at("metadata") : Json();
  if (!metadata.contains("total_size")) return;
  const Json stated = metadata.at("total_size");
  if (!stated.is_number()) throw_corrupt(what, "has a 'total_size' that is no number");
  if (stated.as_double() != static_cast<double>(total)) {
    throw_corrupt(what,
                  str("states a total size of ",
                      stated.dump(),
                      " bytes, but its shards hold ",
                      total,
                      "; they may be from different downloads"));
  }
}

}  // namespace

std::shared_ptr<const WeightFile> open_safetensors_index(const std::filesystem::path& path) {
  const std::string what = path.string();
  const Json index = Json::parse_file(path);
  const WeightMap map = parse_weight_map(index, what);
  const auto shards = open_shards(map, path);
  for (const auto& [name, shard] : map) {
    if (shards.at(shard)->find(name) == nullptr) {
      throw_corrupt(what, str("lists '", name, "' in ", shard, ", which has no such tensor"));
    }
  }
  std::vector<StoredTensor> tensors;
  std::vector<std::shared_ptr<const void>> owners;
  size_t total = 0;
  for (const auto& [shard, file] : shards) {
    owners.push_back(file);
    for (const StoredTensor& tensor : file->tensors()) {
      const auto entry = map.find(tensor.name);
      if (entry == map.end() || entry->second != shard) {
        throw_corrupt(what, str("does not list '", tensor.name, "', which ", shard, " has"));
      }
      total += tensor.bytes.size();
      tensors.push_back(tensor);
    }
  }
  check_total_size(index, total, what);
  return std::make_shared<TensorTable>(what, std::move(tensors), std::move(owners));
}

}  // namespace ams
