// dit/: one pass of the diffusion transformer.
#include <array>

#include "base/error.h"
#include "base/str.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"

namespace ams::golden {
namespace {

// The ways in which lora_a was saved; all of them must give the same result.
constexpr std::array<std::string_view, 3> kStyles{"", "_diffusers", "_comfyui.safetensors"};

// params.parts: [[name below checkpoints/adapters, strength], ...]; absent without adapters.
std::vector<LoraUse> lora_uses(const RunContext& context,
                               const GoldenCase& golden,
                               std::string_view style) {
  std::vector<LoraUse> uses;
  if (!golden.params().contains("parts")) return uses;
  const Json parts = golden.params().at("parts");
  for (int64_t i = 0; i < parts.size(); ++i) {
    const std::string name = parts.at(i).at(int64_t{0}).as_string();
    const std::filesystem::path plain = context.checkpoint("adapters") / name;
    const std::filesystem::path styled = context.checkpoint("adapters") / str(name, style);
    uses.push_back({open_lora(std::filesystem::exists(styled) ? styled : plain),
                    parts.at(i).at(int64_t{1}).as_double()});
  }
  return uses;
}

void run_styled(AceStepModel& model, const GoldenCase& golden, Comparison& comparison) {
  model.dit().observe([&](std::string_view name, const FloatArray& value) {
    comparison.check(str("mid.", name), value);
  });
  const auto bound = model.denoiser().bind(
      {golden.floats("in.encoder_hidden_states"), golden.floats("in.context_latents")});
  const FloatArray latents = golden.floats("in.hidden_states");
  FloatArray velocity(latents.shape);
  const float t = golden.floats("in.timestep").data[0];
  const float r = golden.floats("in.timestep_r").data[0];
  bound->velocity(latents.data, t, velocity.data, {}, t - r);
  comparison.check("out.velocity", velocity);
}

}  // namespace

void run_dit(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.dit_precision());
  const bool has_adapters = golden.params().contains("parts");
  if (model->native() && !has_adapters && !model->native()->misfit().empty()) {
    throw Error(ErrorCode::Unsupported,
                str("golden: the native transformer would not run: ", model->native()->misfit()));
  }
  for (const std::string_view style : kStyles) {
    if (!style.empty() && !has_adapters) break;
    model->loras().apply(lora_uses(context, golden, style));
    run_styled(*model, golden, comparison);
  }
}

}  // namespace ams::golden
