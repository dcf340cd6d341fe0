// JSON values. The only place that knows the JSON library; everything else uses this class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ams {

// A JSON value with checked access. Copies and members are cheap handles on shared, immutable
// nodes; set() and push_back() copy the node first when others hold it. Objects are sorted by key.
// Reading a missing key or a wrong type throws InvalidRequest ("'rope_theta': expected a number,
// got string"). Reading is thread-safe.
class Json {
 public:
  Json();  // null
  Json(std::nullptr_t);
  Json(bool value);
  Json(int value);
  Json(int64_t value);
  Json(double value);
  Json(const char* value);
  Json(std::string_view value);
  Json(const std::string& value);
  static Json object();
  static Json array();
  // `what` names the source in messages. Throws CorruptFile with line and column on bad text, on
  // nesting deeper than 64 levels, on duplicate keys and on text that is not UTF-8.
  static Json parse(std::string_view text, std::string_view what);
  // Throws NotFound if the file cannot be opened, Unsupported if it is larger than `max_bytes`.
  static Json parse_file(const std::filesystem::path& path, size_t max_bytes = size_t{64} << 20);

  bool is_null() const;
  bool is_bool() const;
  bool is_int() const;     // an integer that fits int64_t
  bool is_number() const;  // integer or real
  bool is_string() const;
  bool is_array() const;
  bool is_object() const;

  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  std::string as_string() const;

  int64_t size() const;                       // of an array or object, else 0
  Json at(int64_t index) const;               // element of an array
  Json at(std::string_view key) const;        // member of an object
  bool contains(std::string_view key) const;  // false for non-objects
  std::vector<std::string> keys() const;
  // Calls `visit` for each member of an object in key order, without a lookup per key.
  void for_each_member(const std::function<void(const std::string&, const Json&)>& visit) const;

  // Typed lookups with a default for a missing or null member.
  int64_t get(std::string_view key, int64_t fallback) const;
  int64_t get(std::string_view key, int fallback) const;
  double get(std::string_view key, double fallback) const;
  bool get(std::string_view key, bool fallback) const;
  std::string get(std::string_view key, const char* fallback) const;
  std::string get(std::string_view key, const std::string& fallback) const;

  void set(std::string_view key, const Json& value);  // object only
  void push_back(const Json& value);                  // array only

  // indent < 0: one line. Non-ASCII text stays as it is. NaN and infinities are written as null.
  std::string dump(int indent = -1) const;
  bool operator==(const Json& other) const;

 private:
  struct Access;  // the source file's view of node_
  explicit Json(std::shared_ptr<const void> node);

  std::shared_ptr<const void> node_;  // a value of the JSON library, whose type stays in json.cpp
};

// What `read` returns. A missing key or a wrong type is the fault of the file `what` here, not of a
// request: InvalidRequest becomes CorruptFile with the name in front.
template <typename Read>
auto read_file_values(std::string_view what, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::InvalidRequest) throw;
    throw Error(ErrorCode::CorruptFile, std::string(what) + ": " + error.what());
  }
}

}  // namespace ams
