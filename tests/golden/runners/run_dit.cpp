// dit/: one pass of the diffusion transformer.
#include "base/str.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"

namespace ams::golden {
namespace {

// params.parts: [[folder below checkpoints/adapters, strength], ...]; absent without adapters.
std::vector<LoraUse> lora_uses(const RunContext& context, const GoldenCase& golden) {
  std::vector<LoraUse> uses;
  if (!golden.params().contains("parts")) return uses;
  const Json parts = golden.params().at("parts");
  for (int64_t i = 0; i < parts.size(); ++i) {
    const std::string folder = parts.at(i).at(int64_t{0}).as_string();
    uses.push_back({open_lora(context.checkpoint("adapters") / folder),
                    parts.at(i).at(int64_t{1}).as_double()});
  }
  return uses;
}

}  // namespace

void run_dit(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision);
  model->loras().apply(lora_uses(context, golden));
  model->dit().observe([&](std::string_view name, const FloatArray& value) {
    comparison.check(str("mid.", name), value);
  });
  const auto bound = model->dit().bind(
      {golden.floats("in.encoder_hidden_states"), golden.floats("in.context_latents")});
  const FloatArray latents = golden.floats("in.hidden_states");
  FloatArray velocity(latents.shape);
  const float t = golden.floats("in.timestep").data[0];
  const float r = golden.floats("in.timestep_r").data[0];
  bound->velocity(latents.data, t, velocity.data, {}, t - r);
  comparison.check("out.velocity", velocity);
}

}  // namespace ams::golden
