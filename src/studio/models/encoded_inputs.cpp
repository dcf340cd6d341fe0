#include "studio/models/encoded_inputs.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/sha256.h"
#include "base/str.h"

namespace ams {
namespace {

size_t bytes_of(const std::string& key, const EncodedInputs::Value& value) {
  const size_t floats = value.posterior.mean.data.size() + value.posterior.std.data.size();
  return key.size() + floats * sizeof(float) + value.codes.size() * sizeof(int32_t);
}

}  // namespace

std::string EncodedInputs::key(const std::string& model, const FloatArray& input) {
  const std::string_view bytes(reinterpret_cast<const char*>(input.data.data()),
                               input.data.size() * sizeof(float));
  return str(model, ' ', shape_str(input.shape), ' ', sha256_of(bytes));
}

const EncodedInputs::Value* EncodedInputs::find(const std::string& key) {
  const auto found = std::find_if(
      entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) return nullptr;
  ++hits_;
  entries_.splice(entries_.begin(), entries_, found);
  return &entries_.front().value;
}

void EncodedInputs::put(const std::string& key, Value value) {
  const size_t bytes = bytes_of(key, value);
  if (bytes > max_bytes_) return;
  entries_.push_front({key, std::move(value), bytes});
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    entries_.pop_back();
  }
}

CachingCodec::CachingCodec(LatentCodec& codec, EncodedInputs& inputs, std::string model)
    : codec_(codec), inputs_(inputs), model_(std::move(model)) {}

FloatArray CachingCodec::decode(const FloatArray& latents, const TileOptions& options) {
  return codec_.decode(latents, options);
}

LatentPosterior CachingCodec::encode(const FloatArray& audio, const TileOptions& options) {
  const std::string key = EncodedInputs::key(str("latents ", model_), audio);
  if (const EncodedInputs::Value* known = inputs_.find(key)) return known->posterior;
  LatentPosterior posterior = codec_.encode(audio, options);
  inputs_.put(key, {posterior, {}});
  return posterior;
}

CachingTokenizer::CachingTokenizer(CodeTokenizer& tokenizer,
                                   EncodedInputs& inputs,
                                   std::string model)
    : tokenizer_(tokenizer), inputs_(inputs), model_(std::move(model)) {}

std::vector<int32_t> CachingTokenizer::encode(const FloatArray& latents) {
  const std::string key = EncodedInputs::key(str("codes ", model_), latents);
  if (const EncodedInputs::Value* known = inputs_.find(key)) return known->codes;
  std::vector<int32_t> codes = tokenizer_.encode(latents);
  inputs_.put(key, {{}, codes});
  return codes;
}

}  // namespace ams
