#include "tensor/safetensors_writer.h"

#include <bit>
#include <cstring>
#include <set>
#include <string_view>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/text_file.h"

namespace ams {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kHeaderAlignment = 8;

size_t recipe_bytes(const TensorRecipe& tensor) {
  return dtype_bytes(tensor.dtype, element_count(tensor.shape).value_or(int64_t{-1}));
}

Json json_list(std::span<const int64_t> values) {
  Json list = Json::array();
  for (const int64_t value : values) list.push_back(value);
  return list;
}

std::string header_of(std::span<const TensorRecipe> tensors) {
  Json format = Json::object();
  format.set("format", "pt");  // as all official files say
  Json header = Json::object();
  header.set("__metadata__", format);
  std::set<std::string_view> names;
  size_t offset = 0;
  for (const TensorRecipe& tensor : tensors) {
    const std::string_view type = dtype_info(tensor.dtype).safetensors_name;
    if (type.empty() || !names.insert(tensor.name).second) {
      throw Error(ErrorCode::InvalidRequest,
                  str("safetensors: '",
                      tensor.name,
                      "' occurs twice or has the type ",
                      dtype_name(tensor.dtype),
                      ", which the format lacks"));
    }
    const size_t end = offset + recipe_bytes(tensor);
    Json entry = Json::object();
    entry.set("dtype", type);
    entry.set("shape", json_list(tensor.shape));
    entry.set("data_offsets",
              json_list(std::vector{static_cast<int64_t>(offset), static_cast<int64_t>(end)}));
    header.set(tensor.name, entry);
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  return text;
}

std::string shard_name(const std::string& name, size_t index, size_t count) {
  const auto digits = [](size_t value) {
    std::string text = std::to_string(value);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
  };
  return str(name, "-", digits(index + 1), "-of-", digits(count), ".safetensors");
}

// Where each shard begins, and the end of the last.
std::vector<size_t> shard_starts(std::span<const TensorRecipe> tensors, size_t shards) {
  size_t total = 0;
  for (const TensorRecipe& tensor : tensors) total += recipe_bytes(tensor);
  std::vector<size_t> starts{0};
  size_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (bytes >= total / shards * starts.size() && starts.size() < shards) starts.push_back(i);
    bytes += recipe_bytes(tensors[i]);
  }
  starts.push_back(tensors.size());
  return starts;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const TensorRecipe> tensors) {
  const std::string header = header_of(tensors);
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const TensorRecipe& tensor : tensors) {
    run_recipe(tensor, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  }
  file.commit();
}

void write_sharded_safetensors(const std::filesystem::path& folder,
                               const std::string& name,
                               std::span<const TensorRecipe> tensors,
                               size_t shards) {
  const std::vector<size_t> starts = shard_starts(tensors, shards);
  const size_t count = starts.size() - 1;
  if (count == 1) {
    write_safetensors(folder / (name + ".safetensors"), tensors);
    return;
  }
  size_t total = 0;
  Json weight_map = Json::object();
  for (size_t shard = 0; shard < count; ++shard) {
    const auto part = tensors.subspan(starts[shard], starts[shard + 1] - starts[shard]);
    const std::string file = shard_name(name, shard, count);
    write_safetensors(folder / file, part);
    for (const TensorRecipe& tensor : part) {
      weight_map.set(tensor.name, file);
      total += recipe_bytes(tensor);
    }
  }
  Json metadata = Json::object();
  metadata.set("total_size", static_cast<int64_t>(total));
  Json index = Json::object();
  index.set("metadata", metadata);
  index.set("weight_map", weight_map);
  write_text_file(folder / (name + ".safetensors.index.json"), index.dump(2) + "\n");
}

}  // namespace ams
