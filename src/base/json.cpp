#include "base/json.h"

#include <cstddef>
#include <fstream>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

using Value = nlohmann::json;
constexpr size_t kMaxDepth = 64;

// Builds a document from the parser's events. Rejects duplicate keys and deep nesting before any
// memory is spent on them. The library's own builder with a callback copies every key instead.
class DocumentBuilder : public nlohmann::json_sax<Value> {
 public:
  explicit DocumentBuilder(std::string_view what) : what_(what) {}

  Value take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not part of JSON text
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = open_.back()->get_ref<Value::object_t&>();
    const auto [position, is_new] = members.try_emplace(std::move(name));
    if (!is_new) {
      throw Error(ErrorCode::CorruptFile,
                  str("json: ", what_, " has the key '", position->first, "' twice"));
    }
    member_ = &position->second;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    throw Error(ErrorCode::CorruptFile, str("json: ", what_, " is not valid JSON: ", e.what()));
  }

 private:
  // Stores a value where the next one belongs: the root, the current member or the array's end.
  Value& place(Value value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *member_ = std::move(value);
    auto& elements = open_.back()->get_ref<Value::array_t&>();
    return elements.emplace_back(std::move(value));
  }

  bool add(Value value) {
    place(std::move(value));
    return true;
  }

  bool open(Value container) {
    if (open_.size() > kMaxDepth) {
      throw Error(ErrorCode::CorruptFile,
                  str("json: ", what_, " is nested deeper than ", kMaxDepth, " levels"));
    }
    open_.push_back(&place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string what_;
  Value root_;
  std::vector<Value*> open_;  // the containers around the next value; none of them moves meanwhile
  Value* member_ = nullptr;   // of the innermost object: what the last key named
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
  DocumentBuilder builder(what);
  Value::sax_parse(text.begin(), text.end(), &builder);
  return Access::wrap(builder.take());
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
