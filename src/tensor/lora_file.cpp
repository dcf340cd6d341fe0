#include "tensor/lora_file.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/str.h"
#include "tensor/lora_config.h"
#include "tensor/lora_modules.h"
#include "tensor/lora_names.h"
#include "tensor/safetensors.h"
#include "tensor/tensor_table.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigFile = "adapter_config.json";
constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr size_t kMaxShownName = 64;
// Their names say nothing: the folder names the adapter.
constexpr std::array<std::string_view, 3> kStandardFiles{
    "adapter_model.safetensors", "lokr_weights.safetensors", "pytorch_lora_weights.safetensors"};

bool has_standard_name(const fs::path& file) {
  return std::find(kStandardFiles.begin(), kStandardFiles.end(), file.filename().string()) !=
         kStandardFiles.end();
}

fs::path file_in_folder(const fs::path& folder) {
  for (const std::string_view name : kStandardFiles) {
    if (fs::exists(folder / name)) return folder / name;
  }
  std::vector<fs::path> found;
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".safetensors") found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  throw Error(ErrorCode::NotFound,
              str("lora: the folder ",
                  folder.string(),
                  " holds ",
                  found.size(),
                  " safetensors files, expected adapter_model.safetensors or exactly one"));
}

// Limits that protect the parser, checked before it sees a byte of JSON.
void check_size(const MappedFile& file) {
  const std::string what = file.path().string();
  if (file.size() > kMaxLoraFileBytes) {
    throw Error(ErrorCode::Unsupported,
                str("lora: ",
                    what,
                    " is too large: ",
                    file.size(),
                    " bytes, at most ",
                    kMaxLoraFileBytes,
                    " are accepted"));
  }
  if (file.size() < 8) {
    throw Error(
        ErrorCode::CorruptFile,
        str("lora: ", what, " is cut off or not a safetensors file: ", file.size(), " bytes"));
  }
  uint64_t length = 0;
  for (size_t i = 8; i-- > 0;) {
    length = (length << 8) | std::to_integer<uint64_t>(file.bytes()[i]);
  }
  if (length == 0 || length > kMaxLoraHeaderBytes) {
    throw Error(ErrorCode::CorruptFile,
                str("lora: ",
                    what,
                    " states a header of ",
                    length,
                    " bytes, expected 1 to ",
                    kMaxLoraHeaderBytes,
                    "; it may not be a safetensors file"));
  }
}

LoraConfig read_config(const fs::path& file, const Json& metadata) {
  LoraConfig config = parse_lora_metadata(metadata, file.string());
  const fs::path path = file.parent_path() / kConfigFile;
  if (!has_standard_name(file) || !fs::exists(path)) return config;
  LoraConfig written = parse_adapter_config(Json::parse_file(path, kMaxConfigBytes), path.string());
  if (!written.alpha) written.alpha = config.alpha;
  written.linear_dim = config.linear_dim;
  return written;
}

std::vector<std::string> names_of(const WeightFile& file) {
  std::vector<std::string> names;
  for (const StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
  return names;
}

// Throws unless at least one tensor adapts a matrix that ACE-Step 1.5 has.
void check_family(const WeightFile& file) {
  const std::vector<std::string> names = names_of(file);
  const bool fits = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    const std::optional<LoraName> parsed = parse_lora_name(name);
    return parsed && is_acestep_module(*parsed);
  });
  if (fits) return;
  const std::string_view model = guess_foreign_model(names);
  std::string first;
  for (size_t i = 0; i < std::min<size_t>(3, names.size()); ++i) {
    first += str(first.empty() ? "" : ", ", "'", names[i].substr(0, 120), "'");
  }
  const std::string is_for =
      model.empty() ? "holds no adapter for ACE-Step 1.5" : str("is an adapter for ", model);
  throw Error(ErrorCode::Unsupported,
              str("lora: ",
                  file.description(),
                  " ",
                  is_for,
                  "; its first tensors are ",
                  first.empty() ? "none" : first,
                  "; expected q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj or down_proj "
                  "(or to_q, to_k, to_v, to_out.0) of layers.N.self_attn, cross_attn or mlp with "
                  "lora_A and lora_B. Adapters of ACE-Step v1.0 (transformer_blocks.N) change "
                  "another network and fit no 1.5 model"));
}

std::string shown_name(const fs::path& file) {
  const fs::path full = fs::absolute(file);
  const bool is_standard = has_standard_name(file) && full.has_parent_path();
  const std::string name =
      is_standard ? full.parent_path().filename().string() : full.stem().string();
  std::string shown;
  for (const char c : name) {
    if (shown.size() == kMaxShownName) break;
    shown += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return shown;
}

std::string_view kind_of(const std::vector<LoraModule>& modules) {
  const bool has_lokr = std::any_of(modules.begin(), modules.end(), [](const LoraModule& module) {
    return module.kind == LoraKind::LoKr;
  });
  const bool has_dora = std::any_of(
      modules.begin(), modules.end(), [](const LoraModule& module) { return module.magnitude; });
  if (has_lokr) return has_dora ? "lokr+dora" : "lokr";
  return has_dora ? "dora" : "lora";
}

}  // namespace

std::shared_ptr<const LoraFile> open_lora(const fs::path& path) {
  const fs::path file = fs::is_directory(path) ? file_in_folder(path) : path;
  const auto mapped = std::make_shared<const MappedFile>(file);
  check_size(*mapped);
  SafetensorsContent content = parse_safetensors(mapped->bytes(), file.string());
  auto lora = std::make_shared<LoraFile>();
  lora->name = shown_name(file);
  lora->path = file;
  lora->bytes = mapped->size();
  lora->tensors = std::make_shared<TensorTable>(
      file.string(), std::move(content.tensors), std::vector<std::shared_ptr<const void>>{mapped});
  check_family(*lora->tensors);
  LoraModules collected = collect_modules(*lora->tensors, read_config(file, content.metadata));
  lora->modules = std::move(collected.modules);
  lora->ignored = std::move(collected.ignored);
  if (lora->modules.empty()) {
    throw Error(ErrorCode::Unsupported,
                str("lora: ",
                    file.string(),
                    " adapts convolutions only; expected at least one linear layer"));
  }
  lora->kind = kind_of(lora->modules);
  for (const LoraModule& module : lora->modules) lora->rank = std::max(lora->rank, module.rank);
  lora->alpha = lora->modules.front().alpha;
  return lora;
}

}  // namespace ams
