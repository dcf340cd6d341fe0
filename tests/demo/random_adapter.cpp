#include "demo/random_adapter.h"

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/str.h"
#include "support/safetensors_bytes.h"

namespace ams {

std::filesystem::path write_random_adapter(const std::filesystem::path& folder,
                                           const std::filesystem::path& config) {
  constexpr int64_t kRank = 4;
  const Json model = Json::parse_file(config);
  const int64_t width = model.at("hidden_size").as_int();
  const int64_t heads = model.at("num_attention_heads").as_int() * model.at("head_dim").as_int();
  std::vector<NamedValues> tensors;
  uint32_t seed = 0;
  const auto add = [&](const std::string& name, int64_t rows, int64_t columns) {
    const auto count = static_cast<size_t>(rows * columns);
    tensors.push_back({name, {rows, columns}, test_values(count, ++seed)});
  };
  for (int64_t layer = 0; layer < model.at("num_hidden_layers").as_int(); ++layer) {
    const std::string module = str("base_model.model.layers.", layer, ".self_attn.q_proj.");
    add(module + "lora_A.weight", kRank, width);
    add(module + "lora_B.weight", heads, kRank);
  }
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "adapter_model.safetensors", std::ios::binary)
      << safetensors_bytes(tensors);
  std::ofstream(folder / "adapter_config.json")
      << R"({"peft_type": "LORA", "r": 4, "lora_alpha": 64, "target_modules": ["q_proj"]})";
  return folder;
}

}  // namespace ams
