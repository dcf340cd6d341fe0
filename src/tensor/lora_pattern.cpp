#include "tensor/lora_pattern.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr int kMaxDepth = 8;
constexpr int64_t kMaxRepeats = 1000;
constexpr int64_t kMaxSteps = 2000;  // each visits the module's characters once

// Where in the module the pattern read so far may end. Sets instead of backtracking: no pattern
// makes the work explode, and the pattern needs no tree.
using Positions = std::vector<bool>;

class PatternReader {
 public:
  PatternReader(std::string_view pattern, std::string_view module)
      : pattern_(pattern), module_(module) {}

  bool matches() {
    Positions starts(module_.size() + 1, false);
    starts[0] = true;
    for (size_t i = 0; i < module_.size(); ++i) {
      if (module_[i] == '.') starts[i + 1] = true;
    }
    const Positions ends = alternatives(starts);
    if (at_ != pattern_.size()) fail("has a ')' too many");
    return ends.back();
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw Error(ErrorCode::CorruptFile,
                str("lora: the module pattern '", pattern_.substr(0, 80), "' ", problem));
  }

  bool next_is(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  char take() {
    if (at_ == pattern_.size()) fail("ends too early");
    return pattern_[at_++];
  }

  Positions alternatives(const Positions& from) {
    if (++depth_ > kMaxDepth) fail("is nested too deeply");
    Positions to(from.size(), false);
    while (true) {
      const Positions ends = sequence(from);
      for (size_t i = 0; i < to.size(); ++i) to[i] = to[i] || ends[i];
      if (!next_is('|')) break;
      ++at_;
    }
    --depth_;
    return to;
  }

  Positions sequence(Positions from) {
    while (at_ < pattern_.size() && !next_is('|') && !next_is(')')) from = repeated(from);
    return from;
  }

  struct Repeats {
    int64_t least = 1;
    int64_t most = 1;
  };

  Positions repeated(const Positions& from) {
    const size_t atom_at = at_;
    Positions once = atom(from);
    const Repeats repeats = read_repeats();
    if (repeats.least == 1 && repeats.most == 1) return once;
    const size_t after = at_;
    Positions result = repeats.least == 0 ? from : Positions(from.size(), false);
    Positions current = from;
    for (int64_t i = 1; i <= repeats.most; ++i) {
      at_ = atom_at;
      current = atom(current);
      const Positions before = result;
      for (size_t p = 0; p < result.size(); ++p) {
        result[p] = result[p] || (i >= repeats.least && current[p]);
      }
      const bool is_dead = std::find(current.begin(), current.end(), true) == current.end();
      if (is_dead || (i > repeats.least && result == before)) break;
    }
    at_ = after;
    return result;
  }

  Repeats read_repeats() {
    if (next_is('*')) return ++at_, Repeats{0, kMaxRepeats};
    if (next_is('+')) return ++at_, Repeats{1, kMaxRepeats};
    if (next_is('?')) return ++at_, Repeats{0, 1};
    if (!next_is('{')) return {};
    ++at_;
    Repeats repeats;
    repeats.least = number();
    repeats.most = repeats.least;
    if (next_is(',')) {
      ++at_;
      repeats.most = next_is('}') ? kMaxRepeats : number();
    }
    if (take() != '}' || repeats.most < repeats.least) fail("has a malformed repetition");
    return repeats;
  }

  int64_t number() {
    int64_t value = 0;
    const size_t first = at_;
    while (at_ < pattern_.size() && std::isdigit(static_cast<unsigned char>(pattern_[at_])) != 0) {
      value = value * 10 + (pattern_[at_++] - '0');
      if (value > kMaxRepeats) fail("repeats too often");
    }
    if (at_ == first) fail("has a malformed repetition");
    return value;
  }

  // One character, class or group.
  Positions atom(const Positions& from) {
    if (++steps_ > kMaxSteps) fail("takes too long");
    const char c = take();
    switch (c) {
      case '(': {
        if (pattern_.substr(at_).starts_with("?:")) at_ += 2;
        const Positions to = alternatives(from);
        if (take() != ')') fail("has a '(' without ')'");
        return to;
      }
      case '^':
      case '$': {
        Positions to(from.size(), false);
        const size_t anchor = c == '^' ? 0 : from.size() - 1;
        to[anchor] = from[anchor];
        return to;
      }
      case '[':
        return step(from, character_class());
      case '.':
        return step(from, [](char) { return true; });
      case '\\':
        return step(from, escape());
      case '*':
      case '+':
      case '?':
        fail("repeats nothing");
      default:
        return step(from, [c](char other) { return other == c; });
    }
  }

  using Test = std::function<bool(char)>;

  Positions step(const Positions& from, const Test& accepts) const {
    Positions to(from.size(), false);
    for (size_t i = 0; i < module_.size(); ++i) to[i + 1] = from[i] && accepts(module_[i]);
    return to;
  }

  Test escape() {
    const char c = take();
    if (c == 'd') return [](char o) { return std::isdigit(static_cast<unsigned char>(o)) != 0; };
    if (c == 'w') {
      return [](char o) { return o == '_' || std::isalnum(static_cast<unsigned char>(o)) != 0; };
    }
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) fail("has an escape that is not known");
    return [c](char o) { return o == c; };
  }

  Test character_class() {
    const bool negated = next_is('^');
    if (negated) ++at_;
    std::vector<Test> tests;
    do {
      const char c = take();
      if (c == '\\') {
        tests.push_back(escape());
      } else if (next_is('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        tests.emplace_back([c, last = take()](char o) { return c <= o && o <= last; });
      } else {
        tests.emplace_back([c](char o) { return o == c; });
      }
    } while (!next_is(']') && at_ < pattern_.size());
    take();
    return [negated, tests = std::move(tests)](char o) {
      const auto accepts = [o](const Test& test) { return test(o); };
      return std::any_of(tests.begin(), tests.end(), accepts) != negated;
    };
  }

  std::string_view pattern_;
  std::string_view module_;
  size_t at_ = 0;
  int depth_ = 0;
  int64_t steps_ = 0;
};

}  // namespace

bool is_plain_pattern(std::string_view pattern) {
  return pattern.find_first_of("\\^$*+?()[]{}|") == std::string_view::npos;
}

bool matches_module(std::string_view pattern, std::string_view module) {
  if (is_plain_pattern(pattern)) {
    if (pattern.empty() || pattern.size() > module.size()) return false;
    const std::string_view ending = module.substr(module.size() - pattern.size());
    const bool starts_after_dot =
        ending.size() == module.size() || module[module.size() - ending.size() - 1] == '.';
    return starts_after_dot &&
           std::equal(pattern.begin(), pattern.end(), ending.begin(), [](char p, char c) {
             return p == '.' || p == c;  // a dot is any character, as in every expression
           });
  }
  return PatternReader(pattern, module).matches();
}

}  // namespace ams
