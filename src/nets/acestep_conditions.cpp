#include "nets/acestep_conditions.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

// As the reference masks: finite and so low that a row without any visible key averages all keys.
constexpr float kHidden = std::numeric_limits<float>::lowest();

// [B, L, L] for keys that are padding or outside the window (0 = none).
std::vector<float> padding_mask(const IndexArray& valid, int64_t window) {
  const int64_t batch = valid.dim(0);
  const int64_t length = valid.dim(1);
  std::vector<float> mask(static_cast<size_t>(batch * length * length), kHidden);
  for (int64_t b = 0; b < batch; ++b) {
    const std::span<const int32_t> row = valid.row(b);
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t j = 0; j < length; ++j) {
        const bool near = window == 0 || std::abs(i - j) <= window;
        if (near && row[static_cast<size_t>(j)] != 0) {
          mask[static_cast<size_t>((b * length + i) * length + j)] = 0.0f;
        }
      }
    }
  }
  return mask;
}

bool all_valid(const IndexArray& valid) {
  return std::all_of(valid.data.begin(), valid.data.end(), [](int32_t v) { return v != 0; });
}

std::vector<int32_t> counting(int64_t count) {
  std::vector<int32_t> positions(static_cast<size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

void check_shape(std::string_view what,
                 std::span<const int64_t> shape,
                 int64_t batch,
                 int64_t width) {
  const bool fits = shape.size() == 3 && (batch < 0 || shape[0] == batch) && shape[0] > 0 &&
                    shape[1] > 0 && shape[2] == width;
  if (fits) return;
  throw Error(ErrorCode::InvalidRequest,
              str("conditions: ",
                  what,
                  " have the shape ",
                  shape_str(shape),
                  ", expected [",
                  batch < 0 ? "R" : std::to_string(batch),
                  ", L, ",
                  width,
                  "]"));
}

}  // namespace

LyricEncoder::LyricEncoder(const WeightScope& w, const AceStepConfig& config)
    : embed_tokens_(w.plain_matrix(
          "embed_tokens.weight", config.encoder_hidden_size, config.text_hidden_dim)),
      embed_tokens_bias_(w.exact("embed_tokens.bias", {config.encoder_hidden_size})),
      layers_(w, config.encoder_layer(), config.windows(config.num_lyric_encoder_hidden_layers)) {}

Tensor LyricEncoder::build(GraphBuilder& g,
                           Tensor embeddings,
                           Tensor positions,
                           const std::vector<Tensor>& masks) const {
  const Tensor x = g.linear(embeddings, embed_tokens_, embed_tokens_bias_);
  g.tap("embed", x);
  return layers_.build(g, x, positions, masks);
}

TimbreEncoder::TimbreEncoder(const WeightScope& w, const AceStepConfig& config)
    : width_(config.encoder_hidden_size),
      embed_tokens_(w.plain_matrix(
          "embed_tokens.weight", config.encoder_hidden_size, config.timbre_hidden_dim)),
      embed_tokens_bias_(w.exact("embed_tokens.bias", {config.encoder_hidden_size})),
      layers_(w, config.encoder_layer(), config.windows(config.num_timbre_encoder_hidden_layers)) {
  const std::vector<int64_t> token{1, 1, config.encoder_hidden_size};
  if (config.has_timbre_token) {
    special_token_ = w.exact("special_token", token);
  } else {
    w.ignore("special_token", token);  // stored by the smaller models, and not used
  }
}

Tensor TimbreEncoder::build(GraphBuilder& g, Tensor latents, Tensor positions) const {
  const int64_t clips = latents.dim(0);
  Tensor x = g.linear(latents, embed_tokens_, embed_tokens_bias_);
  if (special_token_) {
    x = g.concat(g.repeat(special_token_->tensor, {clips, 1, width_}), x, 1);
  }
  x = layers_.build(g, x, positions, {});
  return g.reshape(g.slice(x, 1, 0, 1), {clips, width_});
}

AceStepConditions::AceStepConditions(const WeightScope& root,
                                     const AceStepConfig& config,
                                     const Device& device)
    : config_(config),
      device_(&device),
      lyric_encoder_(root.sub("encoder.lyric_encoder"), config),
      timbre_encoder_(root.sub("encoder.timbre_encoder"), config),
      text_projector_(root.plain_matrix(
          "encoder.text_projector.weight", config.encoder_hidden_size, config.text_hidden_dim)) {}

GraphOptions AceStepConditions::graph_options() const {
  GraphOptions options;
  options.keep_taps = static_cast<bool>(observer_);
  return options;
}

FloatArray AceStepConditions::encode_lyrics(const FloatArray& embeddings, const IndexArray& valid) {
  const int64_t batch = embeddings.dim(0);
  const int64_t length = embeddings.dim(1);
  const bool padded = !all_valid(valid);
  Tensor in;
  Tensor positions;
  Tensor out;
  std::vector<Tensor> masks;
  Graph graph(
      *device_,
      [&](GraphBuilder& g) {
        in = g.input("lyrics", embeddings.shape);
        positions = g.index_input("positions", {length});
        for (int64_t i = 0; padded && i < config_.num_lyric_encoder_hidden_layers; ++i) {
          masks.push_back(g.input("mask", {batch, length, length}));
        }
        out = g.output("lyric_states", lyric_encoder_.build(g, in, positions, masks));
      },
      graph_options());
  graph.set(in, embeddings.data);
  graph.set(positions, std::span<const int32_t>(counting(length)));
  for (size_t i = 0; i < masks.size(); ++i) {
    graph.set(masks[i], padding_mask(valid, config_.window(static_cast<int64_t>(i))));
  }
  graph.run();
  report_taps(graph, observer_);
  return graph.get(out);
}

FloatArray AceStepConditions::encode_timbre(const FloatArray& references) {
  Tensor in;
  Tensor positions;
  Tensor out;
  const int64_t length = timbre_encoder_.length(references.dim(1));
  Graph graph(
      *device_,
      [&](GraphBuilder& g) {
        in = g.input("references", references.shape);
        positions = g.index_input("positions", {length});
        out = g.output("timbre", timbre_encoder_.build(g, in, positions));
      },
      graph_options());
  graph.set(in, references.data);
  graph.set(positions, std::span<const int32_t>(counting(length)));
  graph.run();
  report_taps(graph, observer_);
  return graph.get(out);
}

FloatArray AceStepConditions::project_text(const FloatArray& states) {
  Tensor in;
  Tensor out;
  Graph graph(*device_, [&](GraphBuilder& g) {
    in = g.input("text", states.shape);
    out = g.output("text_states", g.linear(in, text_projector_));
  });
  graph.set(in, states.data);
  graph.run();
  return graph.get(out);
}

PackedConditions AceStepConditions::encode(const ConditionInputs& inputs) {
  const int64_t batch = inputs.text_states.shape.empty() ? 0 : inputs.text_states.dim(0);
  check_shape("text states", inputs.text_states.shape, batch, config_.text_hidden_dim);
  check_shape("lyric embeddings", inputs.lyric_embeddings.shape, batch, config_.text_hidden_dim);
  check_shape("timbre references", inputs.timbre_references.shape, -1, config_.timbre_hidden_dim);
  if (inputs.text_valid.size() != batch * inputs.text_states.dim(1) ||
      inputs.lyric_valid.size() != batch * inputs.lyric_embeddings.dim(1) ||
      static_cast<int64_t>(inputs.timbre_items.size()) != inputs.timbre_references.dim(0)) {
    throw Error(ErrorCode::InvalidRequest, "conditions: a mask does not match its sequence");
  }
  const PackedConditions lyrics{encode_lyrics(inputs.lyric_embeddings, inputs.lyric_valid),
                                inputs.lyric_valid};
  const PackedConditions timbre =
      group_timbre(encode_timbre(inputs.timbre_references), inputs.timbre_items, batch);
  const PackedConditions text{project_text(inputs.text_states), inputs.text_valid};
  return pack_conditions(pack_conditions(lyrics, timbre), text);
}

PackedConditions group_timbre(const FloatArray& embeddings,
                              const std::vector<int32_t>& items,
                              int64_t batch) {
  std::vector<int64_t> counts(static_cast<size_t>(batch), 0);
  for (const int32_t item : items) {
    if (item < 0 || item >= batch) {
      throw Error(ErrorCode::InvalidRequest,
                  str("conditions: a timbre reference is for item ", item, " of ", batch));
    }
    ++counts[static_cast<size_t>(item)];
  }
  const int64_t width = embeddings.dim(1);
  const int64_t most = *std::max_element(counts.begin(), counts.end());
  PackedConditions grouped{FloatArray({batch, most, width}), IndexArray({batch, most})};
  std::fill(counts.begin(), counts.end(), 0);
  for (size_t clip = 0; clip < items.size(); ++clip) {
    const int64_t item = items[clip];
    const int64_t slot = item * most + counts[static_cast<size_t>(item)]++;
    const std::span<const float> row = embeddings.row(static_cast<int64_t>(clip));
    std::copy(row.begin(), row.end(), grouped.states.data.begin() + slot * width);
    grouped.valid.data[static_cast<size_t>(slot)] = 1;
  }
  return grouped;
}

PackedConditions pack_conditions(const PackedConditions& first, const PackedConditions& second) {
  const int64_t batch = first.states.dim(0);
  const int64_t width = first.states.dim(2);
  const int64_t length = first.states.dim(1) + second.states.dim(1);
  PackedConditions packed{FloatArray({batch, length, width}), IndexArray({batch, length})};
  for (int64_t b = 0; b < batch; ++b) {
    int64_t slot = b * length;
    for (const int32_t wanted : {1, 0}) {
      for (const PackedConditions* part : {&first, &second}) {
        const int64_t part_length = part->states.dim(1);
        for (int64_t i = b * part_length; i < (b + 1) * part_length; ++i) {
          const bool valid = part->valid.data[static_cast<size_t>(i)] != 0;
          if (valid != (wanted == 1)) continue;
          std::copy_n(part->states.data.begin() + i * width,
                      width,
                      packed.states.data.begin() + slot * width);
          packed.valid.data[static_cast<size_t>(slot)] = wanted;
          ++slot;
        }
      }
    }
  }
  return packed;
}

}  // namespace ams
