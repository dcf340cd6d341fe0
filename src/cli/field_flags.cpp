#include "cli/field_flags.h"

#include <cstdint>
#include <string>
#include <variant>

#include "base/str.h"

namespace ams {
namespace {

// "Length of the song (5 to 600 s; default: 30)".
std::string help_of(const Field& field) {
  const std::string value = describe_value(field);
  const std::string shown = !value.empty() ? value : field.when_absent;
  const std::string range = describe_range(field);
  return str(field.help, " (", range, shown.empty() ? "" : str("; default: ", shown), ")");
}

// "No vocals (default: off)", "… (default: on; --no-thinking turns it off)".
std::string switch_help_of(const Field& field, const std::string& negated) {
  const bool is_on = describe_value(field) == "true";
  return str(field.help, is_on ? str(" (default: on; ", negated, " turns it off)") : "");
}

std::string type_name_of(const Field& field) {
  const bool is_text = std::holds_alternative<std::string*>(field.member) ||
                       std::holds_alternative<EnumMember>(field.member);
  return is_text ? "TEXT" : "NUMBER";
}

}  // namespace

void add_flags(CLI::App& command, const Fields& fields) {
  for (const Field& field : fields) {
    if (field.flag.empty()) continue;
    if (bool* const* const member = std::get_if<bool*>(&field.member)) {
      const std::string negated = str("--no-", field.flag.substr(2));
      const auto set = [target = *member](int64_t) { *target = true; };
      const auto clear = [target = *member](int64_t) { *target = false; };
      command.add_flag_function(field.flag, set, switch_help_of(field, negated));
      command.add_flag_function(negated, clear)->group("");
    } else {
      const auto set = [field](const std::string& word) { read_text(field, word); };
      command.add_option_function<std::string>(field.flag, set, help_of(field))
          ->type_name(type_name_of(field));
    }
  }
}

}  // namespace ams
