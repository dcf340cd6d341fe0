// Brings what a model wrote into the form of lyrics. Texts are UTF-8; all functions thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ams {

// The parts of normalise_lyrics(), each one rule.
std::string with_unix_line_ends(std::string_view text);      // CRLF and CR become LF
std::string without_code_fences(std::string_view text);      // lines that begin with ```
std::string without_title(std::string_view text);            // a first line such as "Title: Home"
std::string with_lower_case_tags(std::string_view text);     // "[ Verse 1 ]" becomes "[verse 1]"
std::string with_single_blank_lines(std::string_view text);  // at most one blank line in a row

// All rules, no white space at the ends, and a line feed behind the last line; "" stays "".
std::string normalise_lyrics(std::string_view text);

// `text` up to its last line feed: a text that was stopped by a limit without its torn line. A text
// of one line stays as it is.
std::string_view cut_to_complete_lines(std::string_view text);

// One sentence for each kind of section that `structure` ("verse, chorus, verse") asks for more
// often than `text` has its tag. Numbers of sections do not count: "verse" is also "[verse 2]".
std::vector<std::string> missing_sections(std::string_view structure, std::string_view text);

}  // namespace ams
