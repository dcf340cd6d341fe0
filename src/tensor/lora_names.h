// What the names of an adapter's tensors mean, in the conventions of PEFT, ComfyUI, kohya,
// diffusers and LyCORIS. Knows no file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ams {

// The role of one tensor within a module's adapter.
enum class LoraPart {
  Down,       // lora_A, lora_down
  Up,         // lora_B, lora_up
  Magnitude,  // DoRA row norms as PEFT writes them
  DoraScale,  // DoRA row norms as LyCORIS writes them
  Alpha,
  Scalar,
  Core,  // the middle tensor of an adapted convolution
  W1,    // LoKr: whole left factor, or the product of A and B
  W1A,
  W1B,
  W2,
  W2A,
  W2B,
};

struct LoraName {
  // "layers.0.self_attn.q_proj": a path below the decoder, in the checkpoint's own words. If
  // is_flattened, '_' stands for every '.', and only a list of real names can undo that.
  std::string module;
  LoraPart part = LoraPart::Down;
  bool is_flattened = false;
};

// None if the name is no part of an adapter that can be applied. Thread-safe.
std::optional<LoraName> parse_lora_name(std::string_view tensor);

// Whether the module could belong to the decoder of ACE-Step 1.5.
bool is_acestep_module(const LoraName& name);

// What other model the tensors of a file belong to ("ACE-Step v1.0"), empty if it is not known.
std::string_view guess_foreign_model(std::span<const std::string> tensors);

}  // namespace ams
