#include "studio/lyrics/write_lyrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iomanip>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "planner/text_stream.h"
#include "planner/token_sampler.h"
#include "studio/lyrics/end_marker.h"
#include "text/chat_template.h"

namespace ams {
namespace {

constexpr int64_t kPromptChunk = 256;  // tokens read between two looks at the stop token

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "lyrics: writing was cancelled");
}

SelectionOptions selection(const LyricsRequest& request) {
  return {.temperature = static_cast<float>(request.temperature),
          .top_k = request.top_k,
          .top_p = static_cast<float>(request.top_p)};
}

// One draft. The logits behind the last token that was read are in logits_.
class Writing {
 public:
  Writing(CausalLm& lm,
          const Tokenizer& tokenizer,
          const LyricsRequest& request,
          const LyricsContext& context);

  void read(std::span<const int32_t> prompt);
  WrittenLyrics write();

 private:
  int32_t sample();
  bool ends_turn(int32_t token) const { return token == end_of_turn_ || token == end_of_text_; }
  bool is_special(int32_t token) const;
  void pass_on(const std::string& text);
  std::string rate() const;
  void report() const;

  CausalLm& lm_;
  const Tokenizer& tokenizer_;
  const LyricsRequest& request_;
  const LyricsContext& context_;
  int32_t end_of_turn_;
  std::optional<int32_t> end_of_text_;
  RepetitionPenalty penalty_;
  PhiloxStream random_;
  TokenSampler sampler_;
  TextStream stream_;
  EndMarkerFilter filter_;
  std::unique_ptr<LmSession> session_;
  std::vector<float> logits_;
  WrittenLyrics written_;
  std::chrono::steady_clock::time_point start_;
};

Writing::Writing(CausalLm& lm,
                 const Tokenizer& tokenizer,
                 const LyricsRequest& request,
                 const LyricsContext& context)
    : lm_(lm),
      tokenizer_(tokenizer),
      request_(request),
      context_(context),
      end_of_turn_(end_of_turn(tokenizer)),
      end_of_text_(tokenizer.find("<|endoftext|>")),
      penalty_(static_cast<float>(request.repetition_penalty)),
      random_(static_cast<uint64_t>(request.seed), RandomPurpose::Lyrics),
      sampler_(selection(request), [this] { return random_.uniform(); }),
      stream_(tokenizer) {}

void Writing::read(std::span<const int32_t> prompt) {
  const auto length = static_cast<int64_t>(prompt.size());
  const int64_t total = length + request_.max_new_tokens;
  if (total > lm_.max_position_embeddings()) {
    throw Error(ErrorCode::InvalidRequest,
                str("lyrics: the prompt has ",
                    length,
                    " tokens and 'max_new_tokens' is ",
                    request_.max_new_tokens,
                    ", the model's context holds ",
                    lm_.max_position_embeddings(),
                    "; shorten the brief"));
  }
  session_ = lm_.open({.num_sequences = 1, .max_tokens = total});
  // The model's table may be padded: rows without a token are not computed.
  const int64_t rows = std::min(lm_.vocab_size(), tokenizer_.vocab_size());
  session_->set_output_rows({0, static_cast<int32_t>(rows), {}});
  logits_.resize(static_cast<size_t>(rows));
  for (int64_t done = 0; done < length;) {
    throw_if_stopped(context_.stop);
    const int64_t chunk = std::min(kPromptChunk, length - done);
    session_->prefill(
        0, prompt.subspan(static_cast<size_t>(done), static_cast<size_t>(chunk)), logits_);
    done += chunk;
  }
  penalty_.add(prompt);
}

int32_t Writing::sample() {
  penalty_.apply(logits_);
  return static_cast<int32_t>(sampler_.sample(logits_));
}

// Special tokens other than the ends have no text; "<think>" and the like do not count as special.
bool Writing::is_special(int32_t token) const {
  return tokenizer_.decode(std::array{token}, /*skip_special=*/true).empty();
}

void Writing::pass_on(const std::string& text) {
  if (text.empty()) return;
  written_.text += text;
  context_.text(text);
}

// The first token comes out of the prompt's pass: the rate is that of the others.
std::string Writing::rate() const {
  if (written_.tokens < 2) return "";
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  std::ostringstream text;
  text << std::fixed << std::setprecision(1)
       << static_cast<double>(written_.tokens - 1) / std::max(elapsed.count(), 1e-6) << " tokens/s";
  return text.str();
}

void Writing::report() const {
  const std::string message = rate();
  context_.progress({.stage = "writing",
                     .fraction = static_cast<double>(written_.tokens) /
                                 static_cast<double>(request_.max_new_tokens),
                     .step = written_.tokens,
                     .total = request_.max_new_tokens,
                     .message = message});
}

WrittenLyrics Writing::write() {
  start_ = std::chrono::steady_clock::now();
  written_.stop_reason = LyricsStop::Length;
  while (written_.tokens < request_.max_new_tokens) {
    throw_if_stopped(context_.stop);
    const int32_t token = sample();
    if (ends_turn(token)) {
      written_.stop_reason = LyricsStop::EndOfTurn;
      break;
    }
    ++written_.tokens;
    if (!is_special(token)) pass_on(filter_.push(stream_.push(token)));
    report();
    if (filter_.found() || written_.tokens == request_.max_new_tokens) break;
    penalty_.add(std::array{token});
    session_->step(std::array{token}, logits_);
  }
  pass_on(filter_.finish());
  if (filter_.found()) written_.stop_reason = LyricsStop::Marker;
  return std::move(written_);
}

}  // namespace

WrittenLyrics write_lyrics(CausalLm& lm,
                           const Tokenizer& tokenizer,
                           std::span<const int32_t> prompt,
                           const LyricsRequest& request,
                           const LyricsContext& context) {
  Writing writing(lm, tokenizer, request, context);
  writing.read(prompt);
  return writing.write();
}

}  // namespace ams
