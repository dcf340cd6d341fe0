#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire_types.h"
#include "base/fields.h"
#include "base/str.h"
#include "server/api_text.h"
#include "server/markdown_page.h"
#include "server/openapi.h"
#include "server/route.h"
#include "studio/requests/lyrics_request.h"
#include "studio/requests/song_request.h"

namespace ams {
namespace {

std::string escaped_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string answers_of(const Route& route) {
  std::string text;
  for (const RouteAnswer& each : route.answers) {
    text += str(text.empty() ? "" : ", ", each.status, " ");
    text += each.schema.empty() ? std::string(each.mime) : str('`', each.schema, '`');
  }
  return text;
}

std::string input_of(const Route& route) {
  std::string text;
  if (route.body == BodyKind::Upload) text = "the file";
  if (!route.body_schema.empty()) text = str('`', route.body_schema, '`');
  for (const RouteParameter& each : route.query) {
    text += str(text.empty() ? "" : ", ", "`?", each.name, "`");
  }
  return text;
}

std::string route_table() {
  std::string text = "| route | what | takes | answers |\n| --- | --- | --- | --- |\n";
  for (const Route& route : routes()) {
    text += str("| `",
                route.method,
                " ",
                route.path,
                "` | ",
                escaped_cell(route.doc),
                " | ",
                input_of(route),
                " | ",
                answers_of(route),
                " |\n");
  }
  return text;
}

std::string field_table(const Fields& rows) {
  std::string text = "| field | expected | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Field& row : rows) {
    const std::string value = describe_value(row);
    const std::string shown = value.empty() ? row.when_absent : str('`', value, '`');
    text += str("| `",
                field_path(row),
                "` | ",
                escaped_cell(describe_range(row)),
                " | ",
                escaped_cell(shown),
                " | ",
                escaped_cell(row.help),
                " |\n");
  }
  return text;
}

Fields own_rows(SongRequest& request, const Fields& shared) {
  Fields rows = fields(request);
  std::erase_if(rows, [&](const Field& row) {
    return std::any_of(shared.begin(), shared.end(), [&](const Field& each) {
      return field_path(each) == field_path(row);
    });
  });
  return rows;
}

std::string request_tables() {
  std::string text;
  SongControls controls;
  const Fields shared = control_fields(controls);
  for (const std::string& mode : song_modes()) {
    SongRequest request = make_song_request(mode);
    text += str("### Mode `", mode, "`\n", field_table(own_rows(request, shared)), "\n");
  }
  text += str("### All song modes\n", field_table(shared), "\n");
  LyricsRequest lyrics;
  return text + str("### Mode `lyrics`\n", field_table(fields(lyrics)), "\n");
}

std::string object_tables() {
  std::string text;
  for (const std::string_view name : wire_objects()) {
    text += str("### ", name, "\n| member | type | meaning |\n| --- | --- | --- |\n");
    for (const WireMember& member : wire_members()) {
      if (member.object != name) continue;
      text += str("| `",
                  member.name,
                  "` | ",
                  escaped_cell(member.type),
                  " | ",
                  escaped_cell(member.doc),
                  " |\n");
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string api_markdown() {
  std::string text = "# HTTP API\n\n";
  text +=
      "This page is made from the tables that the server itself uses; the test "
      "`ApiDocuments.page_is_up_to_date` says how to write it again. The same is served at "
      "`/docs`, and for programs at `/openapi.json`.\n\n";
  for (const ApiChapter& chapter : api_chapters()) {
    text += str("## ", chapter.title, "\n", chapter.text, "\n\n");
  }
  text += str("## Routes\n", route_table(), "\n");
  text += str("## Requests\n", request_tables());
  text += "## Objects\n`?` marks what may be null, `[…]` a list, `|` alternatives.\n\n";
  text += object_tables();
  text.pop_back();
  return text;
}

std::string api_html() { return markdown_page("HTTP API", "/docs.css", api_markdown()); }

}  // namespace ams
