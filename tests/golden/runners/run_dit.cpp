// dit/: one pass of the diffusion transformer.
#include "base/str.h"
#include "golden/runner.h"
#include "nets/acestep_model.h"

namespace ams::golden {

void run_dit(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const auto model = AceStepModel::load(
      context.checkpoint("acestep-v15-xl-sft"), *context.device, context.precision);
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
