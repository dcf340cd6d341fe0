#include "studio/modes/prepare_conditions.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"
#include "tensor/weight_file.h"

namespace ams {
namespace {

// Cut or padded with silence to `frames`.
FloatArray fit_frames(const FloatArray& latents, int64_t frames, const FloatArray& silence) {
  const int64_t channels = latents.dim(1);
  FloatArray fitted({frames, channels});
  const int64_t kept = std::min(frames, latents.dim(0));
  std::copy_n(latents.data.begin(), kept * channels, fitted.data.begin());
  if (kept < frames) {
    const FloatArray tail = silence_frames(silence, frames - kept);
    std::copy(tail.data.begin(), tail.data.end(), fitted.data.begin() + kept * channels);
  }
  return fitted;
}

FloatArray item_of(const FloatArray& batch, int64_t index) {
  return FloatArray({batch.dim(1), batch.dim(2)},
                    {batch.row(index).begin(), batch.row(index).end()});
}

}  // namespace

FloatArray silence_frames(const FloatArray& silence, int64_t frames) {
  const int64_t channels = silence.dim(1);
  FloatArray result({frames, channels});
  for (int64_t done = 0; done < frames;) {
    const int64_t step = std::min(silence.dim(0), frames - done);
    std::copy_n(silence.data.begin(), step * channels, result.data.begin() + done * channels);
    done += step;
  }
  return result;
}

FloatArray pad_frames_with(const FloatArray& latents, const FloatArray& silence, int64_t multiple) {
  const int64_t frames = (latents.dim(0) + multiple - 1) / multiple * multiple;
  return fit_frames(latents, frames, silence);
}

FloatArray tokenized_hints(CodeTokenizer& tokenizer,
                           const FloatArray& latents,
                           const FloatArray& silence) {
  const FloatArray whole = pad_frames_with(latents, silence, tokenizer.frames_per_code());
  return fit_frames(tokenizer.decode(tokenizer.encode(whole)), latents.dim(0), silence);
}

FloatArray build_context(CodeTokenizer& tokenizer, const ConditionSources& sources) {
  const FloatArray& source = sources.source_latents;
  const int64_t batch = source.dim(0);
  const int64_t frames = source.dim(1);
  const int64_t channels = source.dim(2);
  if (sources.chunk_masks.shape != source.shape ||
      static_cast<int64_t>(sources.is_cover.size()) != batch) {
    throw Error(ErrorCode::Internal,
                str("conditions: masks ",
                    shape_str(sources.chunk_masks.shape),
                    " do not match latents ",
                    shape_str(source.shape)));
  }
  FloatArray context({batch, frames, 2 * channels});
  for (int64_t b = 0; b < batch; ++b) {
    FloatArray item = item_of(source, b);
    if (sources.is_cover[static_cast<size_t>(b)] != 0) {
      item = sources.hints ? fit_frames(item_of(*sources.hints, b), frames, sources.silence)
                           : tokenized_hints(tokenizer, item, sources.silence);
    }
    const std::span<const float> mask = sources.chunk_masks.row(b);
    for (int64_t t = 0; t < frames; ++t) {
      auto out = context.row(b).begin() + t * 2 * channels;
      std::copy_n(item.data.begin() + t * channels, channels, out);
      std::copy_n(mask.begin() + t * channels, channels, out + channels);
    }
  }
  return context;
}

PreparedConditions prepare_conditions(ConditionEncoder& encoder,
                                      CodeTokenizer& tokenizer,
                                      const ConditionSources& sources) {
  return {encoder.encode(sources.inputs), build_context(tokenizer, sources)};
}

FloatArray read_silence_latent(const std::filesystem::path& folder) {
  std::filesystem::path path = folder / "silence_latent.pt";
  if (!std::filesystem::exists(path)) path = folder / "silence_latent.safetensors";
  const auto file = open_weights(path);
  if (file->tensors().size() != 1 || file->tensors()[0].shape.size() != 3 ||
      file->tensors()[0].shape[0] != 1 || file->tensors()[0].shape[2] < 1) {
    throw Error(ErrorCode::CorruptFile,
                str("silence latent: ", path.string(), " must hold one tensor [1, C, frames]"));
  }
  const StoredTensor& stored = file->tensors()[0];
  const std::vector<float> values = to_float(stored);
  const int64_t channels = stored.shape[1];
  const int64_t frames = stored.shape[2];
  FloatArray silence({frames, channels});
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < frames; ++t) {
      silence.data[static_cast<size_t>(t * channels + c)] =
          values[static_cast<size_t>(c * frames + t)];
    }
  }
  return silence;
}

}  // namespace ams
