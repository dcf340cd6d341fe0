// CudaDitSession: what a session keeps and how a step reaches the card. cuda_dit_step.cpp holds the
// network itself.
#include "nets/cuda_dit_session.h"

#include <algorithm>
#include <cmath>

#include "cuda/kernels/bias.h"
#include "cuda/kernels/head_norm.h"
#include "cuda/kernels/matrix_vector.h"
#include "nets/cuda_dit_pointers.h"
#include "nets/dit_conditions.h"
#include "tensor/dtype.h"

namespace ams {
namespace {

constexpr float kTimestepScale = 1000.0f;
// As cuda_products.cpp takes once for each queue.
constexpr size_t kProductWorkspace = size_t{32} << 20;

CudaDitSizes sizes_of(const Dit& dit, const DenoiserConditions& conditions) {
  CudaDitSizes sizes(dit.config());
  sizes.batch = conditions.context_latents.dim(0);
  sizes.tokens = (conditions.context_latents.dim(1) + 1) / 2;
  sizes.encoder_tokens = conditions.encoder_states.dim(1);
  return sizes;
}

// cos, then sin, of 128 frequencies of 1000 t.
void write_sinusoid(float t, std::span<float> values) {
  const size_t half = values.size() / 2;
  for (size_t i = 0; i < half; ++i) {
    const double exponent = -static_cast<double>(i) / static_cast<double>(half);
    const double angle = double{kTimestepScale} * double{t} * std::pow(10'000.0, exponent);
    values[i] = static_cast<float>(std::cos(angle));
    values[half + i] = static_cast<float>(std::sin(angle));
  }
}

// cos and sin of each pair of a head at each position, [positions, head_dim / 2, 2].
std::vector<float> rotary_values(const RotaryTable& table, int64_t positions, int64_t head_dim) {
  std::vector<float> values;
  values.reserve(static_cast<size_t>(positions * head_dim));
  for (int64_t position = 0; position < positions; ++position) {
    for (int64_t i = 0; i < head_dim / 2; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
      double frequency = std::pow(double{table.theta}, exponent);
      if (table.rounded) {
        frequency = bf16_to_float(float_to_bf16(static_cast<float>(frequency)));
      }
      const double angle = static_cast<double>(position) * frequency;
      values.push_back(static_cast<float>(std::cos(angle)));
      values.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return values;
}

template <class Values, class... Arguments>
size_t bytes_of(const Arguments&... arguments) {
  Placement memory(nullptr);
  const Values values(memory, arguments...);
  return memory.bytes();
}

}  // namespace

CudaDitSession::CudaDitSession(const Dit& dit,
                               std::shared_ptr<cuda::Queue> queue,
                               const DenoiserConditions& conditions)
    : dit_(dit),
      weights_(dit.weights()),
      splits_guidance_(dit.splits_guidance()),
      frames_(conditions.context_latents.dim(1)),
      sizes_(sizes_of(dit, conditions)),
      queue_(std::move(queue)),
      padded_(static_cast<size_t>(sizes_.rows() * 2 * sizes_.channels() + kSinusoid)) {
  dit.device().meter().need_scratch(kProductWorkspace);
  condition_memory_ = allocate(bytes_of<ConditionValues>(sizes_));
  Placement memory(condition_memory_.block.get());
  conditions_.emplace(memory, sizes_);
  fill_conditions(conditions);
}

CudaDitSession::Memory CudaDitSession::allocate(size_t bytes) const {
  Memory memory;
  if (queue_) memory.block = queue_->allocate(bytes);
  memory.metered = MeteredBytes(dit_.device().meter(), bytes);
  return memory;
}

void CudaDitSession::fill_conditions(const DenoiserConditions& conditions) {
  const Memory temporary = allocate(bytes_of<BindValues>(sizes_));
  if (!queue_) return;
  Placement memory(temporary.block.get());
  const BindValues bind(memory, sizes_);
  const std::vector<float> rotary =
      rotary_values(sizes_.config.rotary(), sizes_.tokens, sizes_.config.head_dim);
  queue_->upload(conditions_->rotary, rotary.data(), rotary.size() * sizeof(float));
  std::vector<cuda::LayerModulation> layers;
  for (const DitLayerWeights& layer : weights_.layers) {
    layers.push_back(
        {floats(layer.scale_shift_table), floats(layer.self_attn_norm), floats(layer.mlp_norm)});
  }
  queue_->upload(
      conditions_->layer_modulation, layers.data(), layers.size() * sizeof(cuda::LayerModulation));

  std::vector<float> patches(static_cast<size_t>(sizes_.rows() * 4 * sizes_.channels()));
  pad_frames(conditions.context_latents.data, sizes_.batch, patches);
  queue_->upload(bind.context_patches, patches.data(), patches.size() * sizeof(float));
  multiply_exact(
      bind.context_patches, weights_.proj_in_context, conditions_->context, sizes_.rows());
  cuda::add_bias(*queue_,
                 {conditions_->context,
                  floats(weights_.proj_in_bias),
                  conditions_->context,
                  cuda::ValueType::F32,
                  sizes_.rows(),
                  sizes_.hidden()});
  const std::vector<float>& states = conditions.encoder_states.data;
  queue_->upload(bind.states, states.data(), states.size() * sizeof(float));
  fill_cross_attention(bind);
  fill_null_condition(bind);
  embed_difference(0.0f);
  queue_->wait();  // the temporary memory goes
}

void CudaDitSession::fill_cross_attention(const BindValues& bind) {
  const int64_t rows = sizes_.batch * sizes_.encoder_tokens;
  const int64_t width = sizes_.config.encoder_hidden_size;
  constexpr auto kBf16 = cuda::ValueType::Bf16;
  cuda::add_bias(*queue_, {bind.states, nullptr, bind.states_bf16, kBf16, rows, width});
  multiply(
      bind.states_bf16, weights_.condition_embedder, bind.condition, rows, cuda::ValueType::F32);
  cuda::add_bias(*queue_,
                 {bind.condition,
                  floats(weights_.condition_embedder_bias),
                  bind.condition_bf16,
                  kBf16,
                  rows,
                  sizes_.hidden()});
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    const DitLayerWeights& layer = weights_.layers[i];
    multiply(bind.condition_bf16, layer.cross_k_proj, conditions_->keys[i], rows, kBf16);
    multiply(bind.condition_bf16, layer.cross_v_proj, conditions_->values[i], rows, kBf16);
    cuda::HeadNorm norm;
    norm.heads = conditions_->keys[i];
    norm.rows = rows;
    norm.row_stride = static_cast<int>(sizes_.kv_width());
    norm.head_dim = static_cast<int>(sizes_.config.head_dim);
    norm.k_heads = static_cast<int>(sizes_.config.num_key_value_heads);
    norm.k_weight = floats(layer.cross_k_norm);
    norm.eps = sizes_.config.rms_norm_eps;
    cuda::head_norm(*queue_, norm);
  }
}

// Equal keys get equal weights, so what unconditional rows add is one projected value.
void CudaDitSession::fill_null_condition(const BindValues& bind) {
  const auto apply = [&](const Weight* w, const float* x, const Weight* bias, float* y) {
    cuda::MatrixVector work;
    work.w = halves(w);
    work.x = x;
    work.bias = bias ? floats(bias) : nullptr;
    work.y = y;
    work.outputs = w->shape[0];
    work.inputs = w->shape[1];
    cuda::matrix_vector(*queue_, work);
  };
  apply(weights_.condition_embedder,
        floats(weights_.null_condition_emb),
        weights_.condition_embedder_bias,
        bind.null_condition);
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    const DitLayerWeights& layer = weights_.layers[i];
    apply(layer.cross_v_proj, bind.null_condition, nullptr, bind.null_values);
    cuda::repeat_heads(*queue_,
                       bind.null_values,
                       bind.null_mixed,
                       static_cast<int>(sizes_.config.num_key_value_heads),
                       static_cast<int>(sizes_.config.num_attention_heads),
                       static_cast<int>(sizes_.config.head_dim));
    apply(layer.cross_o_proj, bind.null_mixed, nullptr, conditions_->null_cross[i]);
  }
}

// Room for a step; one that a guided step has made serves plain ones too.
void CudaDitSession::reserve_step(Guidance guidance) {
  const int64_t halves = guidance == Guidance::On ? 2 : 1;
  const int64_t rows = sizes_.rows() * (splits_guidance_ ? 1 : halves);
  const int64_t velocity_rows = sizes_.rows() * halves;
  if (velocity_rows <= velocity_rows_) return;
  plain_ = Step{};
  guided_ = Step{};
  step_.reset();
  step_memory_ = Memory{};  // before the larger one is there
  step_memory_ = allocate(bytes_of<StepValues>(sizes_, rows, velocity_rows));
  Placement memory(step_memory_.block.get());
  step_.emplace(memory, sizes_, rows, velocity_rows);
  velocity_rows_ = velocity_rows;
}

void CudaDitSession::velocity(std::span<const float> latents,
                              float t,
                              std::span<float> conditional,
                              std::span<float> unconditional,
                              float t_minus_r) {
  const auto item = static_cast<size_t>(frames_ * sizes_.channels());
  const auto batch = static_cast<size_t>(sizes_.batch);
  check_velocity_sizes(batch * item, latents, conditional, unconditional);
  const Guidance guidance = unconditional.empty() ? Guidance::Off : Guidance::On;
  reserve_step(guidance);
  if (!queue_) {
    std::fill(conditional.begin(), conditional.end(), 0.0f);
    std::fill(unconditional.begin(), unconditional.end(), 0.0f);
    return;
  }
  if (t_minus_r != embedded_difference_) embed_difference(t_minus_r);
  const std::span<float> padded(padded_);
  pad_frames(latents, sizes_.batch, padded.first(padded.size() - kSinusoid));
  write_sinusoid(t, padded.last(kSinusoid));
  queue_->upload(conditions_->latents, padded_.data(), padded_.size() * sizeof(float));

  Step& step = guidance == Guidance::On ? guided_ : plain_;
  if (step.recording) {
    step.recording->run();
  } else if (!step.has_run) {
    run_step(guidance);
    step.has_run = true;
  } else {
    step.recording = queue_->record([this, guidance] { run_step(guidance); });
    step.recording->run();
  }
  const size_t padded_item = static_cast<size_t>(sizes_.tokens * 2 * sizes_.channels());
  velocity_.resize(padded_item * batch * (guidance == Guidance::On ? 2 : 1));
  queue_->download(velocity_.data(), step_->velocity, velocity_.size() * sizeof(float));
  for (size_t b = 0; b < batch; ++b) {
    const auto at = [&](size_t row) {
      return velocity_.begin() + static_cast<std::ptrdiff_t>(row * padded_item);
    };
    const auto to = static_cast<std::ptrdiff_t>(b * item);
    std::copy_n(at(b), item, conditional.begin() + to);
    if (guidance == Guidance::On) std::copy_n(at(batch + b), item, unconditional.begin() + to);
  }
}

void CudaDitSession::embed_difference(float t_minus_r) {
  embedded_difference_.reset();
  std::vector<float> sinusoid(kSinusoid);
  write_sinusoid(t_minus_r, sinusoid);
  queue_->upload(conditions_->r.sinusoid, sinusoid.data(), sinusoid.size() * sizeof(float));
  embed_time(weights_.time_embed_r, conditions_->r);
  embedded_difference_ = t_minus_r;
}

}  // namespace ams
