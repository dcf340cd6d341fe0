// Dit::bind: the caches of one set of conditions and the graphs of a step.
#include <algorithm>
#include <numeric>

#include "nets/dit_conditions.h"

namespace ams {
namespace {

class DitSession : public ConditionedDenoiser {
 public:
  DitSession(const Dit& dit, const DenoiserConditions& conditions);

  void velocity(std::span<const float> latents,
                float t,
                std::span<float> conditional,
                std::span<float> unconditional,
                float t_minus_r) override;

 private:
  struct Step {
    DitStepInputs in;
    Tensor velocity;  // [R, S, 2 C]
    std::unique_ptr<Graph> graph;
  };

  std::vector<PersistentTensors::Spec> cache_specs() const;
  DitConditionTensors cached() const;
  void fill_caches(const DenoiserConditions& conditions);
  Step build_step(bool guided) const;
  void unpad(const FloatArray& patches, int64_t first_row, std::span<float> velocity) const;

  const Dit& dit_;
  const int64_t batch_, frames_, tokens_, encoder_tokens_;
  PersistentTensors caches_;  // the context, then keys, values and null vector of each layer
  Step plain_, guided_;       // built when first asked for
  std::vector<float> padded_;
};

DitSession::DitSession(const Dit& dit, const DenoiserConditions& conditions)
    : dit_(dit),
      batch_(conditions.context_latents.dim(0)),
      frames_(conditions.context_latents.dim(1)),
      tokens_((frames_ + 1) / 2),
      encoder_tokens_(conditions.encoder_states.dim(1)),
      caches_(dit.device(), cache_specs(), /*exact_caches=*/true),
      padded_(static_cast<size_t>(batch_ * tokens_ * 2 * dit.latent_channels())) {
  fill_caches(conditions);
}

std::vector<PersistentTensors::Spec> DitSession::cache_specs() const {
  const AceStepConfig& config = dit_.config();
  std::vector<PersistentTensors::Spec> specs{{{batch_, tokens_, config.hidden_size}}};
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::vector<int64_t> heads{
        batch_, encoder_tokens_, config.num_key_value_heads, config.head_dim};
    specs.push_back({heads});
    specs.push_back({heads});
    specs.push_back({{1, 1, config.hidden_size}});
  }
  return specs;
}

DitConditionTensors DitSession::cached() const {
  DitConditionTensors tensors;
  tensors.context = caches_[0];
  for (size_t i = 0; i < static_cast<size_t>(dit_.config().num_hidden_layers); ++i) {
    tensors.cross.push_back({caches_[1 + 3 * i], caches_[2 + 3 * i]});
    tensors.null_cross.push_back(caches_[3 + 3 * i]);
  }
  return tensors;
}

void DitSession::fill_caches(const DenoiserConditions& conditions) {
  const int64_t channels = dit_.latent_channels();
  Tensor context;
  Tensor states;
  GraphOptions options;
  options.keep_taps = static_cast<bool>(dit_.observer());
  Graph graph(
      dit_.device(),
      [&](GraphBuilder& g) {
        context = g.input("context", {batch_, tokens_, 4 * channels});
        states = g.input("states", {batch_, encoder_tokens_, dit_.encoder_hidden_size()});
        const DitConditionTensors made = dit_.build_conditions(g, context, states);
        const DitConditionTensors kept = cached();
        g.effect(g.copy(made.context, kept.context));
        for (size_t i = 0; i < made.cross.size(); ++i) {
          g.effect(g.copy(made.cross[i].k, kept.cross[i].k));
          g.effect(g.copy(made.cross[i].v, kept.cross[i].v));
          g.effect(g.copy(made.null_cross[i], kept.null_cross[i]));
        }
      },
      options);
  std::vector<float> padded(static_cast<size_t>(batch_ * tokens_ * 4 * channels));
  pad_frames(conditions.context_latents.data, batch_, padded);
  graph.set(context, padded);
  graph.set(states, conditions.encoder_states.data);
  graph.run();
  report_taps(graph, dit_.observer());
}

DitSession::Step DitSession::build_step(bool guided) const {
  Step step;
  GraphOptions options;
  options.keep_taps = static_cast<bool>(dit_.observer());
  const auto build = [&](GraphBuilder& g) {
    step.in.latents = g.input("latents", {batch_, tokens_, 2 * dit_.latent_channels()});
    step.in.t = g.input("t", {1});
    step.in.t_minus_r = g.input("t_minus_r", {1});
    step.in.positions = g.index_input("positions", {tokens_});
    step.velocity = g.output("velocity", dit_.build(g, step.in, cached(), guided));
  };
  step.graph = std::make_unique<Graph>(dit_.device(), build, options);
  std::vector<int32_t> positions(static_cast<size_t>(tokens_));
  std::iota(positions.begin(), positions.end(), 0);
  step.graph->set(step.in.positions, positions);
  return step;
}

void DitSession::unpad(const FloatArray& patches,
                       int64_t first_row,
                       std::span<float> velocity) const {
  const auto count = static_cast<std::ptrdiff_t>(frames_ * dit_.latent_channels());
  for (int64_t b = 0; b < batch_; ++b) {
    std::copy_n(patches.row(first_row + b).begin(), count, velocity.begin() + b * count);
  }
}

void DitSession::velocity(std::span<const float> latents,
                          float t,
                          std::span<float> conditional,
                          std::span<float> unconditional,
                          float t_minus_r) {
  const auto expected = static_cast<size_t>(batch_ * frames_ * dit_.latent_channels());
  const bool guided = !unconditional.empty();
  check_velocity_sizes(expected, latents, conditional, unconditional);
  Step& step = guided ? guided_ : plain_;
  if (!step.graph) {
    (guided ? plain_ : guided_) = Step{};  // one set of intermediate values at a time
    step = build_step(guided);
  }
  pad_frames(latents, batch_, padded_);
  step.graph->set(step.in.latents, padded_);
  step.graph->set(step.in.t, std::span<const float>(&t, 1));
  step.graph->set(step.in.t_minus_r, std::span<const float>(&t_minus_r, 1));
  step.graph->run();
  const FloatArray patches = step.graph->get(step.velocity);
  unpad(patches, 0, conditional);
  if (guided) unpad(patches, batch_, unconditional);
  report_taps(*step.graph, dit_.observer());
}

}  // namespace

std::unique_ptr<ConditionedDenoiser> Dit::bind(const DenoiserConditions& conditions) {
  check_conditions(*this, conditions);
  return std::make_unique<DitSession>(*this, conditions);
}

}  // namespace ams
