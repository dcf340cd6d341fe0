#include "planner/planner_prompt.h"

#include <string>

#include "base/str.h"
#include "planner/code_string.h"
#include "planner/plain_text.h"
#include "planner/reasoning_writer.h"

namespace ams {
namespace {

constexpr std::string_view kGenerate =
    "Generate audio semantic tokens based on the given conditions:";
constexpr std::string_view kUnderstand =
    "Understand the given musical conditions and describe the audio semantics accordingly:";
constexpr std::string_view kInspire =
    "Expand the user's input into a more detailed and specific musical description:";
constexpr std::string_view kFormat =
    "Format the user's input into a more detailed and specific musical description:";

// The system turn and the opening of the user turn.
Prompt open_user_turn(std::string_view instruction) {
  Prompt prompt;
  prompt.special("<|im_start|>")
      .text(str("system\n# Instruction\n", instruction, "\n\n"))
      .special("<|im_end|>")
      .text("\n")
      .special("<|im_start|>")
      .text("user\n");
  return prompt;
}

Prompt& open_assistant_turn(Prompt& prompt) {
  return prompt.special("<|im_end|>").text("\n").special("<|im_start|>").text("assistant\n");
}

Prompt chat(std::string_view instruction, std::string_view user_content) {
  Prompt prompt = open_user_turn(instruction);
  open_assistant_turn(prompt.text(user_content));
  return prompt;
}

}  // namespace

Prompt reasoning_prompt(std::string_view caption, std::string_view lyrics) {
  check_user_text(caption, "caption");
  check_user_text(lyrics, "lyrics");
  return chat(kGenerate, str("# Caption\n", caption, "\n\n# Lyric\n", lyrics, "\n"));
}

Prompt codes_prompt(std::string_view caption,
                    std::string_view lyrics,
                    const SongMetadata& metadata) {
  Prompt prompt = reasoning_prompt(caption, lyrics);
  prompt.special("<think>")
      .text(str("\n", write_reasoning(metadata), "\n"))
      .special("</think>")
      .text("\n\n");
  return prompt;
}

Prompt unconditional_codes_prompt(std::string_view negative_prompt) {
  check_user_text(negative_prompt, "negative prompt");
  const bool is_default = is_blank(negative_prompt) || strip(negative_prompt) == kNoUserInput;
  Prompt prompt = chat(kGenerate, is_default ? kNoUserInput : negative_prompt);
  prompt.special("<think>").text("\n\n").special("</think>").text("\n\n");
  return prompt;
}

Prompt inspiration_prompt(std::string_view query, bool instrumental) {
  check_user_text(query, "query");
  const std::string_view shown = is_blank(query) ? kNoUserInput : query;
  return chat(kInspire, str(shown, "\n\ninstrumental: ", instrumental ? "true" : "false"));
}

Prompt format_prompt(std::string_view caption, std::string_view lyrics) {
  check_user_text(caption, "caption");
  check_user_text(lyrics, "lyrics");
  const std::string_view shown_caption = is_blank(caption) ? kNoUserInput : caption;
  const std::string_view shown_lyrics = is_blank(lyrics) ? kInstrumentalLyrics : lyrics;
  return chat(kFormat, str("# Caption\n", shown_caption, "\n\n# Lyric\n", shown_lyrics));
}

Prompt understanding_prompt(std::span<const int32_t> codes) {
  if (codes.empty()) return chat(kUnderstand, kNoUserInput);
  Prompt prompt = open_user_turn(kUnderstand);
  for (const int32_t code : codes) prompt.special(audio_code_literal(code));
  open_assistant_turn(prompt);
  return prompt;
}

}  // namespace ams
