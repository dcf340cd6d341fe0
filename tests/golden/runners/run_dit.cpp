// dit/: one pass of the diffusion transformer.
#include "base/error.h"
#include "base/str.h"
#include "golden/runner.h"
#include "nets/dit.h"

namespace ams::golden {

// The tensors of the diffusion transformer in a checkpoint of the whole model.
std::shared_ptr<const WeightFile> open_decoder(const std::filesystem::path& folder) {
  return rename_weights(open_weights(folder), [](std::string_view name) {
    const bool mine = name.starts_with("decoder.") || name == "null_condition_emb";
    return mine ? std::string(name) : std::string();
  });
}

void run_dit(const RunContext& context, const GoldenCase& golden, Comparison& comparison) {
  const std::filesystem::path folder = context.checkpoint("acestep-v15-xl-sft");
  WeightStore store;
  Dit dit(store.root(), AceStepConfig::load(folder), *context.device);
  store.load(*open_decoder(folder), *context.device, context.precision);
  dit.observe([&](std::string_view name, const FloatArray& value) {
    comparison.check(str("mid.", name), value);
  });
  const auto bound =
      dit.bind({golden.floats("in.encoder_hidden_states"), golden.floats("in.context_latents")});
  const FloatArray latents = golden.floats("in.hidden_states");
  FloatArray velocity(latents.shape);
  const float t = golden.floats("in.timestep").data[0];
  const float r = golden.floats("in.timestep_r").data[0];
  bound->velocity(latents.data, t, velocity.data, {}, t - r);
  comparison.check("out.velocity", velocity);
}

}  // namespace ams::golden
