#include "planner/planner_grammar.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "planner/metadata.h"
#include "planner/prompt.h"

namespace ams {
namespace {

constexpr std::array<std::string_view, kNumPlannerFields> kFieldNames{
    "bpm", "caption", "duration", "keyscale", "language", "timesignature"};

constexpr std::array<std::string_view, 6> kTagTokens{
    "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"};

// Control tokens of the chat format. Users never see them, so free text must not contain them.
bool is_control_token(std::string_view bytes) {
  const bool is_bar_token =
      bytes.size() > 4 && bytes.substr(0, 2) == "<|" && bytes.substr(bytes.size() - 2) == "|>";
  return is_bar_token || std::find(kTagTokens.begin(), kTagTokens.end(), bytes) != kTagTokens.end();
}

bool has_control_character(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) {
    return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7F';
  });
}

int32_t single_token(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<int32_t> ids = tokenizer.encode(text, SpecialTokens::AsText);
  if (ids.size() != 1) {
    throw Error(
        ErrorCode::CorruptFile,
        str("planner: the tokenizer writes a line break with ", ids.size(), " tokens, expected 1"));
  }
  return ids[0];
}

std::vector<std::string> numbers(int64_t first, int64_t last) {
  std::vector<std::string> texts;
  for (int64_t number = first; number <= last; ++number) texts.push_back(std::to_string(number));
  return texts;
}

}  // namespace

std::string_view planner_field_name(PlannerField field) {
  return kFieldNames[static_cast<size_t>(field)];
}

TokenTree::TokenTree(int32_t end_token) : end_token_(end_token), nodes_(1) {}

void TokenTree::insert(std::span<const int32_t> tokens) {
  int64_t node = kRoot;
  for (const int32_t token : tokens) {
    const auto fresh = static_cast<int64_t>(nodes_.size());
    Node& here = nodes_[static_cast<size_t>(node)];
    const auto [child, is_new] = here.children.try_emplace(token, fresh);
    node = child->second;
    if (!is_new) continue;
    // The end token stays last.
    here.allowed.insert(here.allowed.end() - (here.is_complete ? 1 : 0), token);
    nodes_.emplace_back();
  }
  Node& last = nodes_[static_cast<size_t>(node)];
  if (!last.is_complete) last.allowed.push_back(end_token_);
  last.is_complete = true;
}

std::span<const int32_t> TokenTree::allowed(int64_t node) const {
  return nodes_[static_cast<size_t>(node)].allowed;
}

int64_t TokenTree::next(int64_t node, int32_t token) const {
  return nodes_[static_cast<size_t>(node)].children.at(token);
}

PlannerGrammar::PlannerGrammar(std::shared_ptr<const Tokenizer> tokenizer, int64_t num_codes)
    : tokenizer_(std::move(tokenizer)),
      newline_(single_token(*tokenizer_, "\n")),
      end_of_turn_(require_token(*tokenizer_, "<|im_end|>")),
      padding_(require_token(*tokenizer_, "<|endoftext|>")),
      think_open_{require_token(*tokenizer_, "<think>"), newline_},
      think_close_{require_token(*tokenizer_, "</think>")} {
  find_codes(num_codes);
  for (const std::string_view field : kFieldNames) names_.push_back(spell(str(field, ':')));
  values_.push_back(tree_of(numbers(kMinBpm, kMaxBpm)));
  values_.emplace_back(newline_);  // captions are free text
  values_.push_back(durations_up_to(kMaxPlannedSeconds));
  values_.push_back(tree_of(key_scales()));
  values_.push_back(tree_of(languages()));
  values_.push_back(tree_of(time_signatures()));
  classify_tokens();
}

std::span<const int32_t> PlannerGrammar::code_tokens() const {
  return std::span(code_or_end_tokens_).first(static_cast<size_t>(num_codes_));
}

std::span<const int32_t> PlannerGrammar::name(PlannerField field) const {
  return names_[static_cast<size_t>(field)];
}

const TokenTree& PlannerGrammar::values(PlannerField field) const {
  return values_[static_cast<size_t>(field)];
}

TokenTree PlannerGrammar::durations_up_to(int64_t max_seconds) const {
  return tree_of(numbers(kMinPlannedSeconds, std::max(max_seconds, kMinPlannedSeconds)));
}

std::vector<int32_t> PlannerGrammar::value_line(std::string_view value) const {
  return tokenizer_->encode(str(' ', value, '\n'), SpecialTokens::AsText);
}

bool PlannerGrammar::breaks_line(int32_t token) const {
  return breaks_line_[static_cast<size_t>(token)] != 0;
}

bool PlannerGrammar::indents(int32_t token) const {
  return indents_[static_cast<size_t>(token)] != 0;
}

// The first output rows after each other are what makes restricted output rows possible.
void PlannerGrammar::find_codes(int64_t num_codes) {
  first_code_ = require_token(*tokenizer_, audio_code_literal(0));
  for (; num_codes_ < num_codes; ++num_codes_) {
    const auto id = tokenizer_->find(audio_code_literal(num_codes_));
    if (!id) break;
    if (*id != first_code_ + num_codes_) {
      throw Error(ErrorCode::CorruptFile,
                  str("planner: the token of audio code ",
                      num_codes_,
                      " has id ",
                      *id,
                      ", expected ",
                      first_code_ + num_codes_,
                      " after its predecessors"));
    }
    code_or_end_tokens_.push_back(*id);
  }
  code_or_end_tokens_.push_back(end_of_turn_);
}

void PlannerGrammar::classify_tokens() {
  const auto vocab_size = static_cast<size_t>(tokenizer_->vocab_size());
  banned_in_caption_.assign(vocab_size, 0);
  banned_in_continuation_.assign(vocab_size, 0);
  banned_in_lyrics_.assign(vocab_size, 0);
  breaks_line_.assign(vocab_size, 0);
  indents_.assign(vocab_size, 0);
  for (size_t token = 0; token < vocab_size; ++token) {
    std::string bytes;
    try {
      bytes = tokenizer_->token_bytes(static_cast<int32_t>(token));
    } catch (const Error&) {
      // An id without a token: banned below, since it has no text.
    }
    const size_t line_break = bytes.find('\n');
    const bool is_line_end = line_break != std::string::npos && bytes.back() == '\n';
    // Text after a line break inside a token would escape the check of the next line's start.
    const bool hides_line_start = line_break != std::string::npos &&
                                  bytes.find_last_not_of('\n') != std::string::npos &&
                                  bytes.find_last_not_of('\n') > line_break;
    const bool is_unwritable =
        bytes.empty() || is_control_token(bytes) || has_control_character(bytes);
    breaks_line_[token] = is_line_end;
    indents_[token] = !bytes.empty() && (bytes[0] == ' ' || bytes[0] == '\t');
    banned_in_lyrics_[token] = is_unwritable && !ends_generation(static_cast<int32_t>(token));
    banned_in_caption_[token] = is_unwritable || hides_line_start || bytes == "`";
    banned_in_continuation_[token] = banned_in_caption_[token] != 0 || indents_[token] == 0;
  }
}

// _get_next_fixed_token of the reference: the longest prefix that is one token, again and again.
std::vector<int32_t> PlannerGrammar::spell(std::string_view text) const {
  std::vector<int32_t> ids;
  while (!text.empty()) {
    size_t length = text.size();
    std::vector<int32_t> prefix = tokenizer_->encode(text, SpecialTokens::AsText);
    while (prefix.size() != 1 && length > 1) {
      --length;
      prefix = tokenizer_->encode(text.substr(0, length), SpecialTokens::AsText);
    }
    ids.insert(ids.end(), prefix.begin(), prefix.end());
    text.remove_prefix(length);
  }
  return ids;
}

template <typename Values>
TokenTree PlannerGrammar::tree_of(const Values& values) const {
  TokenTree tree(newline_);
  for (const auto& value : values) {
    tree.insert(tokenizer_->encode(str(' ', value), SpecialTokens::AsText));
  }
  return tree;
}

}  // namespace ams
