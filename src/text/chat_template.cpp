#include "text/chat_template.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr std::string_view kTurnStart = "<|im_start|>";
constexpr std::string_view kTurnEnd = "<|im_end|>";

std::string_view role_name(ChatRole role) {
  switch (role) {
    case ChatRole::System:
      return "system";
    case ChatRole::User:
      return "user";
    case ChatRole::Assistant:
      return "assistant";
  }
  throw Error(ErrorCode::Internal, "chat: unknown role");
}

int32_t find_marker(const Tokenizer& tokenizer, std::string_view literal) {
  const std::optional<int32_t> id = tokenizer.find(literal);
  if (!id) {
    throw Error(ErrorCode::Unsupported,
                str("chat: the tokenizer has no token '",
                    literal,
                    "'; expected the tokenizer of a Qwen chat model"));
  }
  return *id;
}

}  // namespace

MarkedText& MarkedText::add_text(std::string_view text) {
  if (text.empty()) return *this;
  if (runs_.empty() || runs_.back().is_marker) runs_.push_back({/*is_marker=*/false, ""});
  runs_.back().content += text;
  return *this;
}

MarkedText& MarkedText::add_marker(std::string_view literal) {
  runs_.push_back({/*is_marker=*/true, std::string(literal)});
  return *this;
}

MarkedText& MarkedText::add(const MarkedText& other) {
  const std::vector<Run> added = other.runs_;  // a copy: `other` may be this object
  for (const Run& run : added) {
    if (run.is_marker) {
      add_marker(run.content);
    } else {
      add_text(run.content);
    }
  }
  return *this;
}

std::vector<int32_t> MarkedText::encode(const Tokenizer& tokenizer) const {
  std::vector<int32_t> ids;
  for (const Run& run : runs_) {
    if (run.is_marker) {
      ids.push_back(find_marker(tokenizer, run.content));
      continue;
    }
    const std::vector<int32_t> text = tokenizer.encode(run.content, SpecialTokens::AsText);
    ids.insert(ids.end(), text.begin(), text.end());
  }
  return ids;
}

std::string MarkedText::str() const {
  std::string text;
  for (const Run& run : runs_) text += run.content;
  return text;
}

MarkedText chat_prompt(std::span<const ChatTurn> turns) {
  MarkedText prompt;
  for (const ChatTurn& turn : turns) {
    prompt.add_marker(kTurnStart).add_text(role_name(turn.role)).add_text("\n");
    prompt.add(turn.content).add_marker(kTurnEnd).add_text("\n");
  }
  prompt.add_marker(kTurnStart).add_text(role_name(ChatRole::Assistant)).add_text("\n");
  return prompt;
}

MarkedText closed_reasoning(std::string_view reasoning) {
  MarkedText text;
  text.add_marker("<think>").add_text("\n").add_text(reasoning).add_text("\n");
  text.add_marker("</think>").add_text("\n\n");
  return text;
}

int32_t end_of_turn(const Tokenizer& tokenizer) { return find_marker(tokenizer, kTurnEnd); }

}  // namespace ams
