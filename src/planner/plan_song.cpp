#include "planner/plan_song.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/philox.h"
#include "base/str.h"
#include "planner/constrained_decoder.h"
#include "planner/plain_text.h"
#include "planner/reasoning_parser.h"
#include "planner/text_stream.h"
#include "planner/token_sampler.h"

namespace ams {
namespace {

constexpr int64_t kMaxCaptionTokens = 512;
constexpr int64_t kMaxReasoningTokens = kMaxCaptionTokens + 160;  // names and other values
constexpr int64_t kMaxFreeCodes = 3500;  // without a target the model must end by itself

// Rows of the random streams; the two phases must not share numbers.
constexpr uint32_t kReasoningStream = 0;
constexpr uint32_t kCodesStream = 1;

void require(bool is_valid, const std::string& message) {
  if (!is_valid) throw Error(ErrorCode::InvalidRequest, str("planner: ", message));
}

void check_options(const PlanOptions& options) {
  require(options.temperature >= 0.0f && options.temperature <= 2.0f,
          str("temperature is ", options.temperature, ", it must be 0 to 2"));
  require(options.top_p >= 0.0f && options.top_p <= 1.0f,
          str("top_p is ", options.top_p, ", it must be 0 to 1"));
  require(options.top_k >= 0, str("top_k is ", options.top_k, ", it must be 0 or more"));
  require(options.guidance_scale >= 1.0f && options.guidance_scale <= 100.0f,
          str("guidance_scale is ", options.guidance_scale, ", it must be 1 to 100"));
}

// The user's metadata with the duration of the request.
SongMetadata user_metadata(const PlanRequest& request) {
  SongMetadata user = request.metadata;
  user.caption.clear();
  user.duration_seconds.reset();
  user = normalise_metadata(user);
  if (!request.duration_seconds) return user;
  const double seconds = *request.duration_seconds;
  require(seconds > 0.0 && seconds <= static_cast<double>(kMaxPlannedSeconds),
          str("duration is ", seconds, " s, it must be above 0 and at most ", kMaxPlannedSeconds));
  user.duration_seconds = static_cast<int64_t>(seconds);
  return user;
}

// As the planner may see it: it knows songs of 10 s and more.
SongMetadata plannable(SongMetadata metadata) {
  if (metadata.duration_seconds) {
    metadata.duration_seconds = std::max(*metadata.duration_seconds, kMinPlannedSeconds);
  }
  return metadata;
}

bool has_all_metas(const SongMetadata& user) {
  return user.bpm && user.duration_seconds && !user.key_scale.empty() &&
         !user.time_signature.empty();
}

// How many tokens of `prompt` need not be read again. Its last one must be, for its logits.
int64_t reusable_prefix(std::span<const int32_t> cached, std::span<const int32_t> prompt) {
  const auto differs = std::mismatch(cached.begin(), cached.end(), prompt.begin(), prompt.end());
  return std::min(differs.first - cached.begin(), std::ssize(prompt) - 1);
}

// One planning of one song. The caches of the prompt survive from phase 1 to phase 2.
class Planning {
 public:
  Planning(CausalLm& lm,
           const PlannerGrammar& grammar,
           const PlanOptions& options,
           const PlanRequest& request,
           const PlanObserver& observer);

  std::string write_reasoning(const SongMetadata& user);
  std::vector<int32_t> write_codes(const SongMetadata& metadata, std::optional<int64_t> num_codes);

 private:
  bool is_guided() const { return options_.guidance_scale > 1.0f; }
  TokenSampler make_sampler(uint32_t stream) const;
  void check_cancelled() const;
  void report(PlanPhase phase,
              int64_t tokens,
              std::optional<int64_t> expected,
              std::string_view text) const;
  void check_fits(int64_t prompt_tokens, int64_t output_tokens, std::string_view output) const;
  void open_session(int64_t max_tokens);
  void prefill_prompts(std::span<const int32_t> cond,
                       std::span<const int32_t> uncond,
                       std::span<float> logits);

  CausalLm& lm_;
  const PlannerGrammar& grammar_;
  const PlanOptions& options_;
  const PlanRequest& request_;
  const PlanObserver& observer_;
  int64_t context_limit_;
  std::unique_ptr<LmSession> session_;
  int64_t session_tokens_ = 0;
  std::vector<int32_t> cached_;  // the tokens of sequence 0
};

Planning::Planning(CausalLm& lm,
                   const PlannerGrammar& grammar,
                   const PlanOptions& options,
                   const PlanRequest& request,
                   const PlanObserver& observer)
    : lm_(lm),
      grammar_(grammar),
      options_(options),
      request_(request),
      observer_(observer),
      context_limit_(std::min(options.context_limit.value_or(lm.max_position_embeddings()),
                              lm.max_position_embeddings())) {
  const int64_t last_code = grammar.first_code() + grammar.num_codes();
  if (lm.vocab_size() < std::max<int64_t>(last_code, grammar.end_of_turn() + 1)) {
    throw Error(ErrorCode::CorruptFile,
                str("planner: the model has ",
                    lm.vocab_size(),
                    " tokens, its tokenizer needs ",
                    last_code,
                    "; they belong to different checkpoints"));
  }
}

std::string Planning::write_reasoning(const SongMetadata& user) {
  const std::vector<int32_t> prompt =
      reasoning_prompt(request_.caption, request_.lyrics).ids(grammar_.tokenizer());
  const auto prompt_tokens = static_cast<int64_t>(prompt.size());
  check_fits(prompt_tokens, kMaxReasoningTokens, "the metadata");
  // Room for phase 2 as well, so that the caches of the prompt can stay. A song that cannot fit is
  // refused now, not after phase 1.
  const double seconds =
      request_.duration_seconds.value_or(static_cast<double>(kMaxPlannedSeconds));
  const int64_t codes = options_.thinking ? static_cast<int64_t>(seconds * kCodesPerSecond) : 0;
  if (request_.duration_seconds) check_fits(prompt_tokens, codes, "the audio codes");
  open_session(std::min(prompt_tokens + kMaxReasoningTokens + codes + 1, context_limit_));

  ConstrainedDecoder decoder(grammar_,
                             {.goal = PlannerGoal::Metadata,
                              .writes_caption = options_.use_cot_caption,
                              .writes_language = options_.use_cot_language,
                              .fixed = plannable(user),
                              .max_caption_tokens = kMaxCaptionTokens});
  TokenSampler sampler = make_sampler(kReasoningStream);
  TextStream text(grammar_.tokenizer());
  session_->set_output_rows({});
  std::vector<float> logits(static_cast<size_t>(session_->num_logits()));
  std::vector<int32_t> pending = prompt;  // accepted, not yet seen by the model
  int64_t written = 0;
  while (!decoder.is_done()) {
    check_cancelled();
    std::optional<int32_t> token = decoder.forced();
    if (!token) {
      session_->prefill(0, pending, logits);
      cached_.insert(cached_.end(), pending.begin(), pending.end());
      pending.clear();
      token = sampler.sample(logits, decoder.constraint(logits));
    }
    decoder.accept(*token);
    if (decoder.is_done()) break;  // <|im_end|> in place of </think> is no text
    pending.push_back(*token);
    report(PlanPhase::Reasoning, ++written, std::nullopt, text.push(*token));
  }
  return text.text();
}

std::vector<int32_t> Planning::write_codes(const SongMetadata& metadata,
                                           std::optional<int64_t> num_codes) {
  const std::vector<int32_t> cond =
      codes_prompt(request_.caption, request_.lyrics, metadata).ids(grammar_.tokenizer());
  std::vector<int32_t> uncond;
  if (is_guided()) {
    uncond = unconditional_codes_prompt(options_.negative_prompt).ids(grammar_.tokenizer());
  }
  const auto prompt_tokens = static_cast<int64_t>(std::max(cond.size(), uncond.size()));
  const int64_t most =
      num_codes.value_or(std::clamp<int64_t>(context_limit_ - prompt_tokens - 1, 1, kMaxFreeCodes));
  check_fits(prompt_tokens, most, "the audio codes");
  if (most == 0) return {};
  if (!session_ || session_tokens_ < prompt_tokens + most + 1) {
    open_session(prompt_tokens + most + 1);
  }
  // Only code tokens can follow: the other rows of the head need no arithmetic.
  OutputRows rows{.begin = grammar_.first_code(),
                  .end = grammar_.first_code() + static_cast<int32_t>(grammar_.num_codes()),
                  .extra = {}};
  if (!num_codes) rows.extra.push_back(grammar_.end_of_turn());
  session_->set_output_rows(rows);
  const auto row_size = static_cast<size_t>(session_->num_logits());
  std::vector<float> logits(row_size * (is_guided() ? 2 : 1));
  const std::span<float> cond_logits = std::span(logits).first(row_size);
  const std::span<const float> uncond_logits =
      std::span(logits).subspan(is_guided() ? row_size : 0);
  prefill_prompts(cond, uncond, logits);

  TokenSampler sampler = make_sampler(kCodesStream);
  std::vector<int32_t> codes;
  std::vector<int32_t> next(is_guided() ? 2 : 1);  // the same token for both sequences
  while (static_cast<int64_t>(codes.size()) < most) {
    check_cancelled();
    if (is_guided()) apply_guidance(cond_logits, uncond_logits, options_.guidance_scale);
    const int64_t code = sampler.sample(cond_logits);
    if (code >= grammar_.num_codes()) break;  // the extra row: the model ends the song
    codes.push_back(static_cast<int32_t>(code));
    report(PlanPhase::Codes, static_cast<int64_t>(codes.size()), num_codes, "");
    if (static_cast<int64_t>(codes.size()) == most) break;
    std::fill(next.begin(), next.end(), grammar_.first_code() + static_cast<int32_t>(code));
    session_->step(next, logits);
  }
  return codes;
}

// Reads both prompts, what they share with each other and with phase 1 only once.
void Planning::prefill_prompts(std::span<const int32_t> cond,
                               std::span<const int32_t> uncond,
                               std::span<float> logits) {
  const auto row_size = static_cast<size_t>(session_->num_logits());
  check_cancelled();
  const int64_t kept = reusable_prefix(cached_, cond);
  session_->truncate(0, kept);
  session_->prefill(0, cond.subspan(static_cast<size_t>(kept)), logits.first(row_size));
  cached_.assign(cond.begin(), cond.end());
  if (!is_guided()) return;
  check_cancelled();
  const int64_t shared = reusable_prefix(cond, uncond);
  session_->fork(0, 1, shared);
  session_->prefill(1, uncond.subspan(static_cast<size_t>(shared)), logits.subspan(row_size));
}

TokenSampler Planning::make_sampler(uint32_t stream) const {
  const SelectionOptions selection{
      .temperature = options_.temperature, .top_k = options_.top_k, .top_p = options_.top_p};
  auto random = std::make_shared<PhiloxStream>(request_.seed, RandomPurpose::Planner, stream);
  return {selection, [random = std::move(random)] { return random->uniform(); }};
}

void Planning::check_cancelled() const {
  if (observer_.stop.stop_requested()) {
    throw Error(ErrorCode::Cancelled, "planner: planning was cancelled");
  }
}

void Planning::report(PlanPhase phase,
                      int64_t tokens,
                      std::optional<int64_t> expected,
                      std::string_view text) const {
  if (observer_.progress) observer_.progress({phase, tokens, expected, text});
}

void Planning::check_fits(int64_t prompt_tokens,
                          int64_t output_tokens,
                          std::string_view output) const {
  const int64_t total = prompt_tokens + output_tokens + 1;
  require(total <= context_limit_,
          str("the prompt has ",
              prompt_tokens,
              " tokens and ",
              output,
              " need ",
              output_tokens,
              ", together ",
              total,
              "; the context holds ",
              context_limit_,
              "; shorten the lyrics, the caption or the song"));
}

void Planning::open_session(int64_t max_tokens) {
  session_.reset();  // its memory first
  session_ = lm_.open(
      {.num_sequences = is_guided() && options_.thinking ? 2 : 1, .max_tokens = max_tokens});
  session_tokens_ = max_tokens;
  cached_.clear();
}

}  // namespace

bool uses_planner(SongTask task, const PlanOptions& options) {
  const bool keeps_source = task == SongTask::Cover || task == SongTask::CoverNoFsq ||
                            task == SongTask::Repaint || task == SongTask::Extract;
  return !keeps_source && (options.thinking || options.use_cot_metas || options.use_cot_caption ||
                           options.use_cot_language);
}

bool plans_codes(SongTask task, const PlanOptions& options) {
  return task == SongTask::Text2Music && options.thinking;
}

SongPlan plan_song(CausalLm& lm,
                   const PlannerGrammar& grammar,
                   const PlanOptions& options,
                   const PlanRequest& request,
                   const PlanObserver& observer) {
  check_options(options);
  check_user_text(options.negative_prompt, "negative prompt");
  const SongMetadata user = user_metadata(request);
  Planning planning(lm, grammar, options, request, observer);

  SongPlan plan;
  SongMetadata seen = plannable(user);  // by phase 2
  seen.language.clear();                // the reference passes on four fields only
  if (options.use_cot_metas && !has_all_metas(user)) {
    plan.reasoning = planning.write_reasoning(user);
    plan.planned = parse_reasoning(plan.reasoning);
    seen = plan.planned;
  }
  plan.metadata = merge_metadata(user, plan.planned);
  if (plan.metadata.caption.empty()) plan.metadata.caption = request.caption;
  if (observer.planned) observer.planned(plan.planned);
  if (!options.thinking) return plan;

  std::optional<int64_t> num_codes;
  if (request.duration_seconds) {
    num_codes = static_cast<int64_t>(*request.duration_seconds * kCodesPerSecond);
  } else if (plan.planned.duration_seconds) {
    num_codes = *plan.planned.duration_seconds * kCodesPerSecond;
  }
  plan.codes = planning.write_codes(seen, num_codes);
  return plan;
}

}  // namespace ams
