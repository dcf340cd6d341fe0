#include "nets/oobleck.h"

#include "base/str.h"

namespace ams {
namespace {

constexpr int64_t kKernel = 7;
constexpr int64_t kPosteriorKernel = 3;
constexpr int64_t kDilations[] = {1, 3, 9};

// A convolution that keeps the length.
Conv1dSizes same_length(int64_t in, int64_t out, int64_t kernel, int64_t dilation = 1) {
  return {in, out, kernel, /*stride=*/1, dilation, (kernel - 1) * dilation / 2};
}

// A convolution that changes the rate by `stride`, as AutoencoderOobleck pads it.
Conv1dSizes resampling(int64_t in, int64_t out, int64_t stride) {
  return {in, out, 2 * stride, stride, /*dilation=*/1, (stride + 1) / 2};
}

// ggml's CUDA back end sums fp16 products in fp32 only after turning both operands into fp32 again,
// and multiplies fp32 operands as TF32, which has the mantissa of fp16. So fp16 columns would cost
// time and gain nothing there; elsewhere they halve the traffic.
bool uses_half_columns(const Device& device, Precision precision) {
  return precision != Precision::F32 && !device.has_own_kernels() &&
         device.kind() != DeviceKind::Cuda;
}

}  // namespace

OobleckResidualUnit::OobleckResidualUnit(const WeightScope& w,
                                         int64_t channels,
                                         int64_t dilation,
                                         const ConvDeclaration& how)
    : snake1_(declare_snake(w, "snake1", channels)),
      snake2_(declare_snake(w, "snake2", channels)),
      conv1_(declare_conv1d(w, "conv1", same_length(channels, channels, kKernel, dilation), how)),
      conv2_(declare_conv1d(w, "conv2", same_length(channels, channels, 1), how)) {}

Tensor OobleckResidualUnit::build(GraphBuilder& g, Tensor x) const {
  const Tensor h = g.conv1d(x, conv1_, {.snake = &snake1_});
  return g.conv1d(h, conv2_, {.snake = &snake2_, .residual = x});
}

void OobleckResidualUnit::append_steps(std::vector<ConvStep>& chain) const {
  chain.push_back({conv1_.sizes});
  chain.push_back({conv2_.sizes});
}

OobleckResidualStack::OobleckResidualStack(const WeightScope& w,
                                           int64_t channels,
                                           const ConvDeclaration& how) {
  int number = 1;
  for (const int64_t dilation : kDilations) {
    units_.emplace_back(w.sub(str("res_unit", number++)), channels, dilation, how);
  }
}

Tensor OobleckResidualStack::build(GraphBuilder& g, Tensor x) const {
  for (const OobleckResidualUnit& unit : units_) x = unit.build(g, x);
  return x;
}

void OobleckResidualStack::append_steps(std::vector<ConvStep>& chain) const {
  for (const OobleckResidualUnit& unit : units_) unit.append_steps(chain);
}

OobleckEncoderBlock::OobleckEncoderBlock(const WeightScope& w,
                                         int64_t in_channels,
                                         int64_t out_channels,
                                         int64_t stride,
                                         const ConvDeclaration& how)
    : residual_(w, in_channels, how),
      snake1_(declare_snake(w, "snake1", in_channels)),
      conv1_(declare_conv1d(w, "conv1", resampling(in_channels, out_channels, stride), how)) {}

Tensor OobleckEncoderBlock::build(GraphBuilder& g, Tensor x) const {
  return g.conv1d(residual_.build(g, x), conv1_, {.snake = &snake1_});
}

void OobleckEncoderBlock::append_steps(std::vector<ConvStep>& chain) const {
  residual_.append_steps(chain);
  chain.push_back({conv1_.sizes});
}

OobleckDecoderBlock::OobleckDecoderBlock(const WeightScope& w,
                                         int64_t in_channels,
                                         int64_t out_channels,
                                         int64_t stride,
                                         const ConvDeclaration& how)
    : snake1_(declare_snake(w, "snake1", in_channels)),
      conv_t1_(declare_conv_transpose1d(
          w, "conv_t1", resampling(in_channels, out_channels, stride), how)),
      residual_(w, out_channels, how) {}

Tensor OobleckDecoderBlock::build(GraphBuilder& g, Tensor x) const {
  return residual_.build(g, g.conv_transpose1d(x, conv_t1_, {.snake = &snake1_}));
}

void OobleckDecoderBlock::append_steps(std::vector<ConvStep>& chain) const {
  chain.push_back({conv_t1_.sizes, /*transposed=*/true});
  residual_.append_steps(chain);
}

OobleckEncoder::OobleckEncoder(const WeightScope& w,
                               const OobleckConfig& config,
                               const ConvDeclaration& how)
    : conv1_(declare_conv1d(
          w, "conv1", same_length(config.audio_channels, config.encoder_width(0), kKernel), how)),
      snake1_(declare_snake(w, "snake1", config.encoder_width(config.num_blocks()))),
      conv2_(declare_conv1d(w,
                            "conv2",
                            same_length(config.encoder_width(config.num_blocks()),
                                        2 * config.decoder_input_channels,
                                        kPosteriorKernel),
                            how)) {
  for (int64_t i = 0; i < config.num_blocks(); ++i) {
    block_.emplace_back(w.sub("block", i),
                        config.encoder_width(i),
                        config.encoder_width(i + 1),
                        config.downsampling_ratios[static_cast<size_t>(i)],
                        how);
  }
}

Tensor OobleckEncoder::build_front(GraphBuilder& g, Tensor audio, int64_t split) const {
  Tensor x = g.conv1d(audio, conv1_);
  g.tap("conv1", g.from_convolution(x));
  for (size_t i = 0; i < static_cast<size_t>(split); ++i) {
    x = block_[i].build(g, x);
    g.tap(str("block_", i), g.from_convolution(x));
  }
  return x;
}

Tensor OobleckEncoder::build_back(GraphBuilder& g, Tensor x, int64_t split) const {
  for (size_t i = static_cast<size_t>(split); i < block_.size(); ++i) {
    x = block_[i].build(g, x);
    g.tap(str("block_", i), g.from_convolution(x));
  }
  return g.conv1d(x, conv2_, {.snake = &snake1_});
}

std::vector<ConvStep> OobleckEncoder::front_chain(int64_t split) const {
  std::vector<ConvStep> chain{{conv1_.sizes}};
  for (size_t i = 0; i < static_cast<size_t>(split); ++i) block_[i].append_steps(chain);
  return chain;
}

std::vector<ConvStep> OobleckEncoder::back_chain(int64_t split) const {
  std::vector<ConvStep> chain;
  for (size_t i = static_cast<size_t>(split); i < block_.size(); ++i) block_[i].append_steps(chain);
  chain.push_back({conv2_.sizes});
  return chain;
}

OobleckDecoder::OobleckDecoder(const WeightScope& w,
                               const OobleckConfig& config,
                               const ConvDeclaration& how)
    : conv1_(declare_conv1d(
          w,
          "conv1",
          same_length(
              config.decoder_input_channels, config.decoder_width(config.num_blocks()), kKernel),
          how)),
      snake1_(declare_snake(w, "snake1", config.decoder_width(0))),
      conv2_(declare_conv1d(w,
                            "conv2",
                            same_length(config.decoder_width(0), config.audio_channels, kKernel),
                            {how.device, /*has_bias=*/false, how.half_columns})) {
  const int64_t count = config.num_blocks();
  for (int64_t i = 0; i < count; ++i) {
    block_.emplace_back(w.sub("block", i),
                        config.decoder_width(count - i),
                        config.decoder_width(count - i - 1),
                        config.downsampling_ratios[static_cast<size_t>(count - i - 1)],
                        how);
  }
}

Tensor OobleckDecoder::build_front(GraphBuilder& g, Tensor latents, int64_t split) const {
  Tensor x = g.conv1d(latents, conv1_);
  g.tap("conv1", g.from_convolution(x));
  for (size_t i = 0; i < static_cast<size_t>(split); ++i) {
    x = block_[i].build(g, x);
    g.tap(str("block_", i), g.from_convolution(x));
  }
  return x;
}

Tensor OobleckDecoder::build_back(GraphBuilder& g, Tensor x, int64_t split) const {
  for (size_t i = static_cast<size_t>(split); i < block_.size(); ++i) {
    x = block_[i].build(g, x);
    g.tap(str("block_", i), g.from_convolution(x));
  }
  return g.conv1d(x, conv2_, {.snake = &snake1_});
}

std::vector<ConvStep> OobleckDecoder::front_chain(int64_t split) const {
  std::vector<ConvStep> chain{{conv1_.sizes}};
  for (size_t i = 0; i < static_cast<size_t>(split); ++i) block_[i].append_steps(chain);
  return chain;
}

std::vector<ConvStep> OobleckDecoder::back_chain(int64_t split) const {
  std::vector<ConvStep> chain;
  for (size_t i = static_cast<size_t>(split); i < block_.size(); ++i) block_[i].append_steps(chain);
  chain.push_back({conv2_.sizes});
  return chain;
}

Oobleck::Oobleck(const WeightScope& root,
                 const OobleckConfig& config,
                 const Device& device,
                 Precision precision)
    : config_(config),
      device_(&device),
      half_columns_(uses_half_columns(device, precision)),
      encoder_(root.sub("encoder"), config, {&device, /*has_bias=*/true, half_columns_}),
      decoder_(root.sub("decoder"), config, {&device, /*has_bias=*/true, half_columns_}) {}

Oobleck::~Oobleck() = default;

}  // namespace ams
