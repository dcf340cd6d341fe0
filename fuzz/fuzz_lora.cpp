// An adapter as it lies in a file: names, sizes, metadata and patterns. What is accepted and small
// is computed too, so that a wrong size becomes a wrong access.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/lora_delta.h"
#include "tensor/lora_modules.h"
#include "tensor/safetensors.h"
#include "tensor/tensor_table.h"

namespace ams {
namespace {

constexpr int64_t kMaxSide = 256;

void read_adapter(std::span<const std::byte> bytes) {
  SafetensorsContent content = parse_safetensors(bytes, "input");
  const LoraConfig config = parse_lora_metadata(content.metadata, "input");
  const TensorTable file("input", std::move(content.tensors), {});
  for (const LoraModule& module : collect_modules(file, config).modules) {
    if (module.out > kMaxSide || module.in > kMaxSide) continue;
    const std::vector<float> base(static_cast<size_t>(module.out * module.in), 1.0f);
    std::vector<float> target = base;
    LoraChange change;
    change.module = &module;
    add_change(change, base, target);
  }
}

}  // namespace
}  // namespace ams

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    ams::read_adapter(std::as_bytes(std::span(data, size)));
  } catch (const ams::Error&) {
  }
  return 0;
}
