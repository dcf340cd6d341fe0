#include "base/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <system_error>
#include <type_traits>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr size_t kShownCharacters = 40;
constexpr double kLargestExact = 9007199254740992.0;  // 2^53: whole numbers of a double up to here

bool has_min(const FieldRange& range) { return range.min > std::numeric_limits<double>::lowest(); }
bool has_max(const FieldRange& range) { return range.max < std::numeric_limits<double>::max(); }

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  });
}

// "30", "0.5", "2147483647": no exponent and no trailing zeros for the numbers people write.
std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) <= kLargestExact) {
    return str(static_cast<int64_t>(value));
  }
  return str(value);
}

bool is_text(const Field& field) {
  return std::holds_alternative<std::string*>(field.member) ||
         std::holds_alternative<EnumMember>(field.member);
}

bool is_integer(const Field& field) {
  return std::holds_alternative<int64_t*>(field.member) ||
         std::holds_alternative<std::optional<int64_t>*>(field.member);
}

[[noreturn]] void throw_value(const Field& field, const std::string& shown) {
  throw Error(
      ErrorCode::InvalidRequest,
      str("request: '", field_path(field), "' is ", shown, ", expected ", describe_range(field)));
}

std::string in_quotes(std::string_view text) {
  if (count_characters(text) <= static_cast<int64_t>(kShownCharacters)) return str("'", text, "'");
  return str("a text of ", count_characters(text), " characters");
}

void set_number(const Field& field, double value, const std::string& shown) {
  if (!std::isfinite(value)) throw_value(field, shown);
  if (is_integer(field)) {
    if (value != std::floor(value) || std::abs(value) > kLargestExact) throw_value(field, shown);
  }
  std::visit(
      [&](const auto& member) {
        using Member = std::decay_t<decltype(member)>;
        if constexpr (std::is_same_v<Member, int64_t*> ||
                      std::is_same_v<Member, std::optional<int64_t>*>) {
          *member = static_cast<int64_t>(value);
        } else if constexpr (std::is_same_v<Member, double*> ||
                             std::is_same_v<Member, std::optional<double>*>) {
          *member = value;
        }
      },
      field.member);
}

void set_text(const Field& field, std::string_view text) {
  if (!is_utf8(text)) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: '", field_path(field), "' is not valid UTF-8 text"));
  }
  const auto choice = std::find(field.choices.begin(), field.choices.end(), text);
  if (!field.choices.empty() && choice == field.choices.end()) throw_value(field, in_quotes(text));
  if (const auto* member = std::get_if<std::string*>(&field.member)) {
    **member = text;
  } else {
    std::get<EnumMember>(field.member)
        .set(static_cast<size_t>(std::distance(field.choices.begin(), choice)));
  }
}

void read_member(const Field& field, const Json& value) {
  const std::string shown = value.is_string() ? in_quotes(value.as_string()) : value.dump();
  if (const auto* member = std::get_if<bool*>(&field.member)) {
    if (!value.is_bool()) throw_value(field, shown);
    **member = value.as_bool();
  } else if (is_text(field)) {
    if (!value.is_string()) throw_value(field, shown);
    set_text(field, value.as_string());
  } else {
    if (!value.is_number()) throw_value(field, shown);
    set_number(field, value.as_double(), shown);
  }
}

// The member as JSON; null for an empty optional.
Json value_of(const Field& field) {
  return std::visit(
      [&](const auto& member) -> Json {
        using Member = std::decay_t<decltype(member)>;
        if constexpr (std::is_same_v<Member, EnumMember>) {
          return Json(field.choices[member.get()]);
        } else if constexpr (std::is_same_v<Member, std::optional<int64_t>*> ||
                             std::is_same_v<Member, std::optional<double>*>) {
          return *member ? Json(**member) : Json(nullptr);
        } else {
          return Json(*member);
        }
      },
      field.member);
}

void check_range(const Field& field) {
  const Json value = value_of(field);
  if (value.is_null() || value.is_bool()) return;
  if (value.is_number()) {
    const double number = value.as_double();
    const bool inside = number >= field.range.min && number <= field.range.max;
    if (!inside) throw_value(field, number_text(number));
    return;
  }
  const std::string text = value.as_string();
  const auto length = static_cast<double>(count_characters(text));
  if (length < field.range.min || length > field.range.max) {
    throw_value(field, text.empty() ? "empty" : in_quotes(text));
  }
  set_text(field, text);  // checks encoding and choices
}

}  // namespace

std::string field_path(const Field& field) {
  return field.group.empty() ? field.name : str(field.group, ".", field.name);
}

std::string describe_range(const Field& field) {
  if (std::holds_alternative<bool*>(field.member)) return "true or false";
  if (!field.choices.empty()) {
    std::string list = "one of:";
    for (const std::string& choice : field.choices) {
      list += str(&choice == &field.choices.front() ? " " : ", ", choice.empty() ? "''" : choice);
    }
    return list;
  }
  const FieldRange& range = field.range;
  const bool any_length = is_text(field) && range.min <= 0;
  const std::string unit = is_text(field)       ? " characters"
                           : field.unit.empty() ? ""
                                                : " " + field.unit;
  const std::string min = number_text(range.min);
  const std::string max = number_text(range.max);
  if (has_min(range) && has_max(range) && !any_length) return str(min, " to ", max, unit);
  if (has_max(range)) return str("at most ", max, unit);
  if (has_min(range)) return str("at least ", min, unit);
  return is_text(field) ? "a text" : is_integer(field) ? "an integer" : "a number";
}

std::string describe_value(const Field& field) {
  const Json value = value_of(field);
  if (value.is_null()) return "";
  if (value.is_number()) return number_text(value.as_double());
  return value.is_string() ? value.as_string() : value.dump();
}

void read_json(const Fields& fields, const Json& object, std::vector<std::string>& warnings) {
  if (!object.is_object()) {
    throw Error(ErrorCode::InvalidRequest, "request: expected a JSON object");
  }
  std::set<std::string> groups;
  for (const Field& field : fields) groups.insert(field.group);
  groups.erase("");

  // Visits the members of one object; `group` is its name, empty for the outermost.
  const auto read_group = [&](const std::string& group, const Json& members) {
    members.for_each_member([&](const std::string& name, const Json& value) {
      if (group.empty() && groups.count(name) != 0) return;
      const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& candidate) {
        return candidate.group == group && candidate.name == name;
      });
      if (field == fields.end()) {
        const std::string path = group.empty() ? name : str(group, ".", name);
        warnings.push_back(str("unknown field ", in_quotes(path), " was ignored"));
      } else if (!value.is_null()) {
        read_member(*field, value);
      }
    });
  };
  read_group("", object);
  for (const std::string& group : groups) {
    if (!object.contains(group) || object.at(group).is_null()) continue;
    if (!object.at(group).is_object()) {
      throw Error(ErrorCode::InvalidRequest,
                  str("request: '",
                      group,
                      "' is ",
                      object.at(group).dump().substr(0, kShownCharacters),
                      ", expected an object"));
    }
    read_group(group, object.at(group));
  }
}

void read_text(const Field& field, std::string_view text) {
  if (const auto* member = std::get_if<bool*>(&field.member)) {
    if (text != "true" && text != "false") throw_value(field, in_quotes(text));
    **member = text == "true";
  } else if (is_text(field)) {
    set_text(field, text);
  } else {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw_value(field, in_quotes(text));
    set_number(field, value, std::string(text));
  }
}

Json write_json(const Fields& fields) {
  Json object = Json::object();
  for (const Field& field : fields) {
    if (field.group.empty()) {
      object.set(field.name, value_of(field));
      continue;
    }
    Json group = object.contains(field.group) ? object.at(field.group) : Json::object();
    group.set(field.name, value_of(field));
    object.set(field.group, group);
  }
  return object;
}

void check_ranges(const Fields& fields) {
  for (const Field& field : fields) check_range(field);
}

}  // namespace ams
