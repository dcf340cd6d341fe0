#include "studio/lyrics/lyrics_writer.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "nets/qwen_lm.h"
#include "studio/engine_precision.h"
#include "studio/lyrics/lyrics_prompt.h"
#include "studio/lyrics/lyrics_text.h"
#include "studio/lyrics/write_lyrics.h"
#include "studio/models/lyrics_model_files.h"
#include "studio/models/vocabulary_check.h"
#include "studio/requests/song_controls.h"
#include "studio/weights/model_weights.h"
#include "tensor/device.h"
#include "tensor/weight_store.h"
#include "text/tokenizer.h"

namespace ams {
namespace {

// A model with its weights. The device must outlive it.
struct LoadedModel {
  LoadedModel(const std::filesystem::path& folder,
              const Device& device,
              Quantisation quant,
              const QuantCache& cache)
      : lm(store.root(), QwenConfig::load(folder), device, /*exact_caches=*/false),
        tokenizer(Tokenizer::load(folder)) {
    check_vocabulary(*tokenizer, lm.vocab_size(), folder);
    const std::shared_ptr<const WeightFile> weights =
        without_qwen_prefix(open_model_weights(folder, precision_of(quant), cache));
    precision = precision_of(quant, *weights);
    store.load(*weights, device, precision_of(quant));
  }

  WeightStore store;
  QwenLm lm;
  std::shared_ptr<const Tokenizer> tokenizer;  // that is how it is handed out
  Precision precision = Precision::BF16;
};

class QwenLyricsWriter : public LyricsWriter {
 public:
  explicit QwenLyricsWriter(const EngineOptions& options)
      : options_(options),
        device_(Device::open({options.device, static_cast<int>(options.threads.value_or(0))})),
        files_(find_lyrics_model(options.model, options.model_folders)),
        model_name_(options.model) {}

  LyricsDraft write(const LyricsRequest& asked, const LyricsContext& context) override;
  void preload(const LyricsContext& context) override { load(context); }
  size_t weight_bytes() const override { return model_ ? model_->store.bytes() : 0; }

 private:
  void choose(const std::string& name);
  void load(const LyricsContext& context);

  EngineOptions options_;
  std::unique_ptr<Device> device_;
  LyricsModelFiles files_;
  std::string model_name_;  // that files_ were found for
  std::optional<LoadedModel> model_;
};

void QwenLyricsWriter::choose(const std::string& name) {
  if (name.empty() || name == model_name_ || name == files_.name) return;
  files_ = find_lyrics_model(name, options_.model_folders);
  model_name_ = name;
  model_.reset();  // its memory is free before the next one needs it
}

void QwenLyricsWriter::load(const LyricsContext& context) {
  if (model_) return;
  context.progress({.stage = "loading", .message = files_.name});
  try {
    model_.emplace(files_.folder, *device_, options_.quant, QuantCache{options_.quant_cache});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::OutOfMemory) throw;
    throw Error(ErrorCode::OutOfMemory,
                str("lyrics: ",
                    files_.name,
                    " does not fit: ",
                    error.what(),
                    "; free memory and try again, or take a smaller model or --quant q4_k; song "
                    "modes are not affected"));
  }
}

LyricsDraft QwenLyricsWriter::write(const LyricsRequest& asked, const LyricsContext& context) {
  using Seconds = std::chrono::duration<double>;
  const auto start = std::chrono::steady_clock::now();
  LyricsRequest request = asked;
  if (request.seed <= 0) request.seed = draw_seed();
  choose(request.model);
  load(context);
  const auto loaded = std::chrono::steady_clock::now();

  MarkedText prompt = lyrics_prompt(request);
  if (files_.closes_reasoning) prompt.add(closed_reasoning(""));
  const std::vector<int32_t> ids = prompt.encode(*model_->tokenizer);
  const WrittenLyrics written = write_lyrics(model_->lm, *model_->tokenizer, ids, request, context);

  LyricsDraft draft;
  const bool is_torn = written.stop_reason == LyricsStop::Length;
  draft.text = normalise_lyrics(is_torn ? cut_to_complete_lines(written.text) : written.text);
  draft.warnings = missing_sections(request.structure, draft.text);
  draft.tokens = written.tokens;
  draft.prompt_tokens = static_cast<int64_t>(ids.size());
  draft.stop_reason = written.stop_reason;
  draft.seed = request.seed;
  draft.model = files_.name;
  const DeviceInfo device = device_->info();
  draft.device = device_kind_name(device.kind);
  draft.device_name = device.name;
  draft.precision = precision_name(model_->precision);
  draft.load_seconds = Seconds(loaded - start).count();
  draft.wall_seconds = Seconds(std::chrono::steady_clock::now() - loaded).count();
  return draft;
}

}  // namespace

std::unique_ptr<LyricsWriter> LyricsWriter::open(const EngineOptions& options) {
  return std::make_unique<QwenLyricsWriter>(options);
}

}  // namespace ams
