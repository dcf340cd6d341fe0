#include "studio/lora/lora_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "nets/acestep_config.h"
#include "studio/lora/lora_choice.h"
#include "studio/models/model_list.h"
#include "tensor/lora_file.h"

namespace ams {
namespace {

struct PublishedSize {
  int64_t hidden_size;
  int64_t layers;
  std::string_view name;
};
constexpr std::array<PublishedSize, 2> kPublishedSizes{{
    {2048, 24, "ACE-Step 1.5 2B"},
    {2560, 32, "ACE-Step 1.5 XL"},
}};

// The number behind "layers." or "layers_", plus one; 0 without one.
int64_t layer_count(std::string_view module) {
  constexpr std::string_view kPrefix = "layers";
  const size_t at = module.find(kPrefix);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = module.substr(at + kPrefix.size());
  int64_t number = -1;
  if (rest.size() > 1) std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
  return number + 1;
}

// Width of the residual stream, from a matrix that reads or writes it; 0 for other matrices.
// Keys and values of the cross-attention read the conditions instead.
int64_t stream_width(const LoraModule& module) {
  const std::string_view name = module.name;
  const bool reads =
      name.ends_with("q_proj") || name.ends_with("gate_proj") || name.ends_with("up_proj");
  if (reads) return module.in;
  return name.ends_with("o_proj") || name.ends_with("down_proj") ? module.out : 0;
}

// Song models whose transformer has this width and at least these layers.
std::vector<std::string> fitting_models(const LoraFacts& facts,
                                        std::span<const std::filesystem::path> folders) {
  std::vector<std::string> names;
  if (facts.hidden_size == 0) return names;
  for (const ModelEntry& model : list_models(folders)) {
    if (model.role != ModelRole::Song) continue;
    try {
      const AceStepConfig config = AceStepConfig::load(model.folder);
      const bool fits =
          config.hidden_size == facts.hidden_size && config.num_hidden_layers >= facts.layers;
      if (fits) names.push_back(model.name);
    } catch (const Error&) {
      continue;  // opening that model gives the reason
    }
  }
  return names;
}

}  // namespace

LoraFacts check_lora(const std::string& name, std::span<const std::filesystem::path> folders) {
  const std::shared_ptr<const LoraFile> file = open_lora(find_lora(name, folders));
  LoraFacts facts;
  facts.name = file->name;
  facts.path = file->path;
  facts.bytes = static_cast<int64_t>(file->bytes);
  facts.kind = file->kind;
  facts.rank = file->rank;
  facts.alpha = file->alpha;
  facts.modules = static_cast<int64_t>(file->modules.size());
  facts.ignored_tensors = static_cast<int64_t>(file->ignored.size());
  for (const LoraModule& module : file->modules) {
    facts.layers = std::max(facts.layers, layer_count(module.name));
    if (facts.hidden_size == 0) facts.hidden_size = stream_width(module);
  }
  for (const PublishedSize& size : kPublishedSizes) {
    if (size.hidden_size == facts.hidden_size && facts.layers <= size.layers) {
      facts.made_for = size.name;
    }
  }
  facts.fitting_models = fitting_models(facts, folders);
  return facts;
}

}  // namespace ams
