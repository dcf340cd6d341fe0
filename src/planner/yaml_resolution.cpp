#include "planner/yaml_resolution.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ams {
namespace {

// Reads the characters of a pattern one after another.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  int64_t take_run(std::string_view any_of) {
    int64_t taken = 0;
    while (take(any_of)) ++taken;
    return taken;
  }

 private:
  std::string_view text_;
};

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kDigitsUnderscore = "0123456789_";

// `(?::[0-5]?[0-9])+`, base 60.
bool take_sexagesimal(Scanner& scan) {
  int64_t groups = 0;
  while (scan.take(":")) {
    if (scan.take("012345")) {
      scan.take(kDigits);
    } else if (!scan.take(kDigits)) {
      return false;
    }
    ++groups;
  }
  return groups > 0;
}

bool is_yaml_int(std::string_view text) {
  Scanner scan(text);
  scan.take("+-");
  if (scan.take("0")) {
    if (scan.at_end()) return true;
    if (scan.take("b")) return scan.take_run("01_") > 0 && scan.at_end();
    if (scan.take("x")) return scan.take_run("0123456789abcdefABCDEF_") > 0 && scan.at_end();
    return scan.take_run("01234567_") > 0 && scan.at_end();
  }
  if (!scan.take("123456789")) return false;
  scan.take_run(kDigitsUnderscore);
  return scan.at_end() || (take_sexagesimal(scan) && scan.at_end());
}

bool is_yaml_float(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kNames{".inf",
                                                           ".Inf",
                                                           ".INF",
                                                           "-.inf",
                                                           "-.Inf",
                                                           "-.INF",
                                                           "+.inf",
                                                           "+.Inf",
                                                           "+.INF",
                                                           ".nan",
                                                           ".NaN",
                                                           ".NAN"};
  if (std::find(kNames.begin(), kNames.end(), text) != kNames.end()) return true;
  Scanner scan(text);
  const bool is_signed = scan.take("+-");
  bool is_base60 = false;
  if (scan.take(kDigits)) {
    scan.take_run(kDigitsUnderscore);
    is_base60 = take_sexagesimal(scan);
    if (!scan.take(".")) return false;
    scan.take_run(kDigitsUnderscore);
  } else if (is_signed || !scan.take(".") || !scan.take(kDigits)) {
    return false;
  } else {
    scan.take_run(kDigitsUnderscore);
  }
  if (scan.at_end()) return true;
  return !is_base60 && scan.take("eE") && scan.take("+-") && scan.take_run(kDigits) > 0 &&
         scan.at_end();
}

bool take_time(Scanner& scan) {
  const auto digits = [&scan](int64_t least, int64_t most) {
    int64_t taken = 0;
    while (taken < most && scan.take(kDigits)) ++taken;
    return taken >= least;
  };
  if (!digits(1, 2) || !scan.take(":") || !digits(2, 2) || !scan.take(":") || !digits(2, 2)) {
    return false;
  }
  if (scan.take(".")) scan.take_run(kDigits);
  if (scan.at_end()) return true;
  scan.take_run(" \t");
  if (scan.take("Z")) return scan.at_end();
  if (!scan.take("+-") || !digits(1, 2)) return false;
  if (scan.take(":") && !digits(2, 2)) return false;
  return scan.at_end();
}

bool is_yaml_timestamp(std::string_view text) {
  Scanner scan(text);
  for (int i = 0; i < 4; ++i) {
    if (!scan.take(kDigits)) return false;
  }
  if (!scan.take("-") || !scan.take(kDigits)) return false;
  bool is_full = scan.take(kDigits);
  if (!scan.take("-") || !scan.take(kDigits)) return false;
  is_full = scan.take(kDigits) && is_full;
  if (scan.at_end()) return is_full;
  if (!scan.take("Tt") && scan.take_run(" \t") == 0) return false;
  return take_time(scan);
}

}  // namespace

bool yaml_is_string(std::string_view text) {
  static constexpr std::array<std::string_view, 25> kWords{
      "yes",   "Yes",   "YES",   "no",   "No", "NO", "true", "True", "TRUE",
      "false", "False", "FALSE", "on",   "On", "ON", "off",  "Off",  "OFF",
      "~",     "null",  "Null",  "NULL", "",   "=",  "<<"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return false;
  return !is_yaml_int(text) && !is_yaml_float(text) && !is_yaml_timestamp(text);
}

}  // namespace ams
