#include "studio/lyrics/lyrics_prompt.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/str.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

// The tags are those that the song planner meets in its training texts.
constexpr std::string_view kSystemPrompt =
    "You are a songwriter. Your lyrics go straight to a program that sings them, so your whole "
    "answer is the lyrics: no title, no explanation, no chords and no Markdown.\n"
    "\n"
    "Write the song as sections. A section starts with its tag, which stands alone on a line, in "
    "square brackets and lower case. Use these tags: [intro], [verse 1], [verse 2] and so on, "
    "[pre-chorus], [chorus], [bridge], [instrumental], [outro]. Number the verses and nothing "
    "else. Put an empty line between two sections.\n"
    "\n"
    "Every sung line has its own line and is short enough for one breath. If no counts are given, "
    "a verse has four to eight lines, a chorus about four, a bridge two to four, an intro or outro "
    "one or two. Write the chorus out each time it comes back.\n"
    "\n"
    "Keep to the language and the tone that are asked for. Tags are always English.";

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kLanguages{{
    {"en", "English"},
    {"zh", "Chinese"},
    {"ja", "Japanese"},
    {"ko", "Korean"},
    {"es", "Spanish"},
    {"fr", "French"},
    {"de", "German"},
}};

std::string_view language_name(std::string_view code) {
  for (const auto& [known, name] : kLanguages) {
    if (known == code) return name;
  }
  return code;
}

std::string_view rhyme_wish(Rhyme rhyme) {
  switch (rhyme) {
    case Rhyme::Strict:
      return "a regular scheme in every section";
    case Rhyme::Loose:
      return "now and then, where it comes naturally";
    case Rhyme::None:
      return "avoid rhymes";
  }
  return "";
}

}  // namespace

MarkedText lyrics_prompt(const LyricsRequest& request) {
  const std::string_view tone =
      is_blank(request.tone) ? std::string_view("neutral") : strip(request.tone);
  const std::string form = str("Write lyrics in this form.\n",
                               "Sections, in this order: ",
                               strip(request.structure),
                               "\nLanguage: ",
                               language_name(request.language),
                               "\nTone: ",
                               tone,
                               "\nRhymes: ",
                               rhyme_wish(request.rhyme),
                               "\nLines in each verse: ",
                               request.verse_lines,
                               "\nLines in each chorus: ",
                               request.chorus_lines,
                               "\nLines in the bridge: ",
                               request.bridge_lines,
                               "\n\nWhat the song is about:\n",
                               strip(request.brief));
  const std::array<ChatTurn, 2> turns{ChatTurn{ChatRole::System, kSystemPrompt},
                                      ChatTurn{ChatRole::User, form}};
  return chat_prompt(turns);
}

}  // namespace ams
