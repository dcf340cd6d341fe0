#include "base/json.h"

#include <cstddef>
#include <fstream>
#include <limits>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

using Value = nlohmann::json;
constexpr int kMaxDepth = 64;

// Rejects duplicate keys and deep nesting while parsing, before any memory is spent on them.
class Guard {
 public:
  explicit Guard(std::string_view what) : what_(what) {}

  bool operator()(int depth, Value::parse_event_t event, Value& parsed) {
    using Event = Value::parse_event_t;
    if (depth > kMaxDepth) {
      throw Error(ErrorCode::CorruptFile,
                  str("json: ", what_, " is nested deeper than ", kMaxDepth, " levels"));
    }
    if (event == Event::object_start) {
      keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto key = parsed.get<std::string>();
      if (!keys_.back().insert(key).second) {
        throw Error(ErrorCode::CorruptFile, str("json: ", what_, " has the key '", key, "' twice"));
      }
    }
    return true;
  }

 private:
  std::string what_;
  std::vector<std::set<std::string>> keys_;
};

[[noreturn]] void throw_type(std::string_view expected, const Value& got) {
  throw Error(ErrorCode::InvalidRequest, str("expected ", expected, ", got ", got.type_name()));
}

// Runs `read` on the member `key`, with the key in the message of a type error.
template <typename T, typename Read>
T read_or(const Json& object, std::string_view key, const T& fallback, Read read) {
  if (!object.contains(key)) return fallback;
  const Json member = object.at(key);
  if (member.is_null()) return fallback;
  try {
    return read(member);
  } catch (const Error& error) {
    throw Error(error.code(), str("'", key, "': ", error.what()));
  }
}

}  // namespace

struct Json::Access {
  static const Value& of(const Json& json) { return *static_cast<const Value*>(json.node_.get()); }

  static Json wrap(Value value) { return Json(std::make_shared<Value>(std::move(value))); }

  // A member or element: keeps the whole document alive and copies nothing.
  static Json share(const Json& parent, const Value& child) {
    return Json(std::shared_ptr<const void>(parent.node_, &child));
  }

  // The value to write to; copied first if another handle can see it.
  static Value& unshared(Json& json) {
    if (json.node_.use_count() > 1) json.node_ = std::make_shared<Value>(of(json));
    // Every value was created non-const inside make_shared, so writing to it is defined.
    return *static_cast<Value*>(const_cast<void*>(json.node_.get()));
  }
};

Json::Json(std::shared_ptr<const void> node) : node_(std::move(node)) {}
Json::Json() : node_(std::make_shared<Value>()) {}
Json::Json(std::nullptr_t) : Json() {}
Json::Json(bool value) : node_(std::make_shared<Value>(value)) {}
Json::Json(int value) : node_(std::make_shared<Value>(value)) {}
Json::Json(int64_t value) : node_(std::make_shared<Value>(value)) {}
Json::Json(double value) : node_(std::make_shared<Value>(value)) {}
Json::Json(const char* value) : node_(std::make_shared<Value>(value)) {}
Json::Json(std::string_view value) : node_(std::make_shared<Value>(value)) {}
Json::Json(const std::string& value) : node_(std::make_shared<Value>(value)) {}

Json Json::object() { return Access::wrap(Value::object()); }
Json Json::array() { return Access::wrap(Value::array()); }

Json Json::parse(std::string_view text, std::string_view what) {
  try {
    return Access::wrap(Value::parse(text.begin(), text.end(), Guard(what)));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::CorruptFile, str("json: ", what, " is not valid JSON: ", error.what()));
  }
}

Json Json::parse_file(const std::filesystem::path& path, size_t max_bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff bytes = file ? std::streamoff(file.tellg()) : -1;
  if (bytes < 0) throw Error(ErrorCode::NotFound, str("json: cannot open ", path.string()));
  if (static_cast<size_t>(bytes) > max_bytes) {
    throw Error(
        ErrorCode::Unsupported,
        str("json: ", path.string(), " has ", bytes, " bytes, at most ", max_bytes, " are read"));
  }
  std::string text(static_cast<size_t>(bytes), '\0');
  file.seekg(0);
  file.read(text.data(), bytes);
  if (!file) throw Error(ErrorCode::NotFound, str("json: cannot read ", path.string()));
  return parse(text, path.string());
}

bool Json::is_null() const { return Access::of(*this).is_null(); }
bool Json::is_bool() const { return Access::of(*this).is_boolean(); }
bool Json::is_int() const {
  const Value& value = Access::of(*this);
  if (value.is_number_unsigned()) {
    return value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  }
  return value.is_number_integer();
}
bool Json::is_number() const { return Access::of(*this).is_number(); }
bool Json::is_string() const { return Access::of(*this).is_string(); }
bool Json::is_array() const { return Access::of(*this).is_array(); }
bool Json::is_object() const { return Access::of(*this).is_object(); }

bool Json::as_bool() const {
  if (!is_bool()) throw_type("true or false", Access::of(*this));
  return Access::of(*this).get<bool>();
}
int64_t Json::as_int() const {
  if (!is_int()) throw_type("an integer", Access::of(*this));
  return Access::of(*this).get<int64_t>();
}
double Json::as_double() const {
  if (!is_number()) throw_type("a number", Access::of(*this));
  return Access::of(*this).get<double>();
}
std::string Json::as_string() const {
  if (!is_string()) throw_type("a string", Access::of(*this));
  return Access::of(*this).get<std::string>();
}

int64_t Json::size() const {
  const bool container = is_array() || is_object();
  return container ? static_cast<int64_t>(Access::of(*this).size()) : 0;
}

Json Json::at(int64_t index) const {
  if (!is_array()) throw_type("an array", Access::of(*this));
  if (index < 0 || index >= size()) {
    throw Error(ErrorCode::InvalidRequest,
                str("index ", index, " is outside an array of ", size(), " elements"));
  }
  return Access::share(*this, Access::of(*this)[static_cast<size_t>(index)]);
}

Json Json::at(std::string_view key) const {
  if (!is_object()) throw_type("an object", Access::of(*this));
  const auto member = Access::of(*this).find(key);
  if (member == Access::of(*this).end()) {
    throw Error(ErrorCode::InvalidRequest, str("the key '", key, "' is missing"));
  }
  return Access::share(*this, *member);
}

bool Json::contains(std::string_view key) const {
  return is_object() && Access::of(*this).contains(key);
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> names;
  for_each_member([&](const std::string& key, const Json&) { names.push_back(key); });
  return names;
}

void Json::for_each_member(
    const std::function<void(const std::string&, const Json&)>& visit) const {
  if (!is_object()) return;
  for (const auto& [key, member] : Access::of(*this).items()) {
    visit(key, Access::share(*this, member));
  }
}

int64_t Json::get(std::string_view key, int64_t fallback) const {
  return read_or(*this, key, fallback, [](const Json& member) { return member.as_int(); });
}
int64_t Json::get(std::string_view key, int fallback) const { return get(key, int64_t{fallback}); }
double Json::get(std::string_view key, double fallback) const {
  return read_or(*this, key, fallback, [](const Json& member) { return member.as_double(); });
}
bool Json::get(std::string_view key, bool fallback) const {
  return read_or(*this, key, fallback, [](const Json& member) { return member.as_bool(); });
}
std::string Json::get(std::string_view key, const char* fallback) const {
  return get(key, std::string(fallback));
}
std::string Json::get(std::string_view key, const std::string& fallback) const {
  return read_or(*this, key, fallback, [](const Json& member) { return member.as_string(); });
}

void Json::set(std::string_view key, const Json& value) {
  if (!is_object()) throw_type("an object", Access::of(*this));
  Access::unshared(*this)[std::string(key)] = Access::of(value);
}

void Json::push_back(const Json& value) {
  if (!is_array()) throw_type("an array", Access::of(*this));
  Access::unshared(*this).push_back(Access::of(value));
}

std::string Json::dump(int indent) const {
  return Access::of(*this).dump(
      indent, ' ', /*ensure_ascii=*/false, Value::error_handler_t::replace);
}

bool Json::operator==(const Json& other) const { return Access::of(*this) == Access::of(other); }

}  // namespace ams
