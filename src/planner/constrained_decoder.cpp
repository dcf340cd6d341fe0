#include "planner/constrained_decoder.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

bool contains(std::span<const int32_t> tokens, int32_t token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

void require_allowed(bool is_allowed, int32_t token) {
  if (is_allowed) return;
  throw Error(ErrorCode::InvalidRequest,
              str("planner: token ", token, " is not allowed here; take one from constraint()"));
}

int32_t best_token(std::span<const float> logits) {
  int32_t best = 0;
  for (size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[static_cast<size_t>(best)]) best = static_cast<int32_t>(i);
  }
  return best;
}

bool is_allowed(std::span<const uint8_t> banned, int32_t token) {
  return token >= 0 && static_cast<size_t>(token) < banned.size() &&
         banned[static_cast<size_t>(token)] == 0;
}

}  // namespace

ConstrainedDecoder::ConstrainedDecoder(const PlannerGrammar& grammar, const DecoderOptions& options)
    : grammar_(grammar),
      options_(options),
      durations_(options.max_duration_seconds < kMaxPlannedSeconds
                     ? grammar.durations_up_to(options.max_duration_seconds)
                     : grammar.values(PlannerField::Duration)),
      stage_(options.goal == PlannerGoal::Codes ? Stage::Codes : Stage::NextField) {
  if (stage_ == Stage::NextField) force(grammar_.think_open());
}

bool ConstrainedDecoder::is_done() const {
  return stage_ == Stage::Done && queue_begin_ == queue_.size();
}

std::optional<int32_t> ConstrainedDecoder::forced() const {
  if (queue_begin_ < queue_.size()) return queue_[queue_begin_];
  if (stage_ == Stage::Value && tree_->allowed(node_).size() == 1) {
    return tree_->allowed(node_).front();
  }
  const bool in_caption = stage_ == Stage::Caption || stage_ == Stage::Continuation;
  if (in_caption && caption_tokens_ >= options_.max_caption_tokens) return grammar_.newline();
  if (stage_ == Stage::Codes && codes_ == options_.num_codes) return grammar_.end_of_turn();
  return std::nullopt;
}

TokenConstraint ConstrainedDecoder::constraint(std::span<const float> logits) {
  if (stage_ == Stage::LineStart && queue_begin_ == queue_.size()) {
    const int32_t best = best_token(logits);
    const bool goes_on = caption_tokens_ < options_.max_caption_tokens &&
                         is_allowed(grammar_.banned_in_continuation(), best);
    stage_ = goes_on ? Stage::Continuation : Stage::NextField;
    // The reference reads the next name from freely sampled text and loses the fields in between.
    if (!goes_on) begin_next_field();
  }
  if (queue_begin_ < queue_.size()) return {.allowed = std::span(queue_).subspan(queue_begin_, 1)};
  switch (stage_) {
    case Stage::Value:
      return {.allowed = tree_->allowed(node_), .is_greedy = is_language_};
    case Stage::Caption:
      return {.banned = grammar_.banned_in_caption()};
    case Stage::Continuation:
      return {.banned = grammar_.banned_in_continuation()};
    case Stage::Lyrics:
      return {.banned = grammar_.banned_in_lyrics()};
    case Stage::Codes:
      if (!options_.num_codes) return {.allowed = grammar_.code_or_end_tokens()};
      if (codes_ < *options_.num_codes) return {.allowed = grammar_.code_tokens()};
      return {.allowed = grammar_.code_or_end_tokens().last(1)};
    case Stage::NextField:
    case Stage::LineStart:
    case Stage::Done:
      break;
  }
  throw Error(ErrorCode::Internal, "planner: the output is complete, no token may follow");
}

void ConstrainedDecoder::accept(int32_t token) {
  if (queue_begin_ < queue_.size()) {
    require_allowed(token == queue_[queue_begin_], token);
    ++queue_begin_;
    if (queue_begin_ == queue_.size() && stage_ == Stage::NextField) begin_next_field();
    return;
  }
  switch (stage_) {
    case Stage::Value:
      return accept_value(token);
    case Stage::Caption:
    case Stage::Continuation:
      return accept_caption(token);
    case Stage::Codes:
      return accept_code(token);
    case Stage::Lyrics:
      return accept_lyrics(token);
    case Stage::NextField:
    case Stage::LineStart:
    case Stage::Done:
      require_allowed(false, token);
  }
}

void ConstrainedDecoder::force(std::span<const int32_t> tokens) {
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_begin_));
  queue_begin_ = 0;
  queue_.insert(queue_.end(), tokens.begin(), tokens.end());
}

void ConstrainedDecoder::begin_next_field() {
  while (next_field_ < kNumPlannerFields && !writes(static_cast<PlannerField>(next_field_))) {
    ++next_field_;
  }
  if (next_field_ == kNumPlannerFields) {
    const bool describes = options_.goal == PlannerGoal::Description;
    stage_ = describes ? Stage::Lyrics : Stage::Done;
    force(describes ? grammar_.think_close() : grammar_.code_or_end_tokens().last(1));
    return;
  }
  const auto field = static_cast<PlannerField>(next_field_++);
  force(grammar_.name(field));
  if (const std::optional<std::string> value = fixed_value(field)) {
    stage_ = Stage::NextField;
    force(grammar_.value_line(*value));
    return;
  }
  stage_ = field == PlannerField::Caption ? Stage::Caption : Stage::Value;
  tree_ = field == PlannerField::Duration ? &durations_ : &grammar_.values(field);
  node_ = TokenTree::kRoot;
  is_language_ = field == PlannerField::Language;
}

bool ConstrainedDecoder::writes(PlannerField field) const {
  if (field == PlannerField::Caption) return options_.writes_caption;
  if (field == PlannerField::Language) return options_.writes_language;
  return true;
}

std::optional<std::string> ConstrainedDecoder::fixed_value(PlannerField field) const {
  const SongMetadata& fixed = options_.fixed;
  const auto text = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  const auto number = [](std::optional<int64_t> value) {
    return value ? std::optional(std::to_string(*value)) : std::nullopt;
  };
  switch (field) {
    case PlannerField::Bpm:
      return number(fixed.bpm);
    case PlannerField::Duration:
      return number(fixed.duration_seconds);
    case PlannerField::KeyScale:
      return text(fixed.key_scale);
    case PlannerField::Language:
      return fixed.language == kUnknownLanguage ? std::nullopt : text(fixed.language);
    case PlannerField::TimeSignature:
      return text(fixed.time_signature);
    case PlannerField::Caption:
      break;
  }
  return std::nullopt;
}

void ConstrainedDecoder::accept_value(int32_t token) {
  require_allowed(contains(tree_->allowed(node_), token), token);
  if (token == grammar_.newline()) {
    stage_ = Stage::NextField;
    begin_next_field();
  } else {
    node_ = tree_->next(node_, token);
  }
}

void ConstrainedDecoder::accept_caption(int32_t token) {
  const bool is_forced_end =
      caption_tokens_ >= options_.max_caption_tokens && token == grammar_.newline();
  const std::span<const uint8_t> banned =
      stage_ == Stage::Caption ? grammar_.banned_in_caption() : grammar_.banned_in_continuation();
  require_allowed(is_forced_end || is_allowed(banned, token), token);
  ++caption_tokens_;
  stage_ = grammar_.breaks_line(token) ? Stage::LineStart : Stage::Caption;
}

void ConstrainedDecoder::accept_code(int32_t token) {
  if (token == grammar_.end_of_turn()) {
    require_allowed(!options_.num_codes || codes_ == *options_.num_codes, token);
    stage_ = Stage::Done;
    return;
  }
  const int64_t code = int64_t{token} - grammar_.first_code();
  const bool has_room = !options_.num_codes || codes_ < *options_.num_codes;
  require_allowed(has_room && code >= 0 && code < grammar_.num_codes(), token);
  ++codes_;
}

void ConstrainedDecoder::accept_lyrics(int32_t token) {
  require_allowed(is_allowed(grammar_.banned_in_lyrics(), token), token);
  if (grammar_.ends_generation(token)) stage_ = Stage::Done;
}

}  // namespace ams
