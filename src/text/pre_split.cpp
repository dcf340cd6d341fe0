#include "text/pre_split.h"

#include <array>
#include <cstdint>
#include <string>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr size_t kMaxPatternBytes = 4096;
// What one match may cost. The Qwen pattern backtracks once over a run of white space; anything
// near these limits is a pattern made to stall the program.
constexpr uint32_t kMatchLimit = 10'000'000;
constexpr uint32_t kHeapLimitKib = 256 * 1024;

template <typename T, void (*release)(T*)>
struct Releaser {
  void operator()(T* handle) const { release(handle); }
};
using Code = std::unique_ptr<pcre2_code, Releaser<pcre2_code, pcre2_code_free>>;
using MatchData =
    std::unique_ptr<pcre2_match_data, Releaser<pcre2_match_data, pcre2_match_data_free>>;
using MatchContext =
    std::unique_ptr<pcre2_match_context, Releaser<pcre2_match_context, pcre2_match_context_free>>;

// PCRE2 counts U+180E, which Unicode no longer does, among the \s; the property does not.
std::string with_unicode_white_space(std::string_view pattern) {
  std::string result;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool is_escape = pattern[i] == '\\' && i + 1 < pattern.size();
    if (!is_escape) {
      result += pattern[i];
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's') {
      result += "\\p{White_Space}";
    } else if (escaped == 'S') {
      result += "\\P{White_Space}";
    } else {
      result += '\\';
      result += escaped;
    }
  }
  return result;
}

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

Code compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    throw Error(ErrorCode::Unsupported,
                str("tokenizer: the split pattern has ",
                    pattern.size(),
                    " bytes, at most ",
                    kMaxPatternBytes,
                    " are read"));
  }
  const std::string source = with_unicode_white_space(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()),
                          source.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C,
                          &error,
                          &offset,
                          nullptr));
  if (code == nullptr) {
    throw Error(ErrorCode::Unsupported,
                str("tokenizer: the split pattern is not a regular expression at byte ",
                    offset,
                    ": ",
                    pcre2_message(error)));
  }
  // Without just-in-time compilation, where a system forbids it, matching is slower but equal.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

MatchContext make_limits() {
  MatchContext limits(pcre2_match_context_create(nullptr));
  if (limits == nullptr) throw Error(ErrorCode::OutOfMemory, "tokenizer: no memory for PCRE2");
  pcre2_set_match_limit(limits.get(), kMatchLimit);
  pcre2_set_heap_limit(limits.get(), kHeapLimitKib);
  return limits;
}

}  // namespace

struct PreSplitter::Program {
  Code code;
  MatchContext limits;  // PCRE2 only reads it while matching
};

PreSplitter::PreSplitter(std::string_view pattern)
    : program_(std::make_unique<const Program>(Program{compile(pattern), make_limits()})) {}

PreSplitter::~PreSplitter() = default;

std::vector<std::string_view> PreSplitter::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  if (text.empty()) return pieces;
  const MatchData match(pcre2_match_data_create(1, nullptr));
  if (match == nullptr) throw Error(ErrorCode::OutOfMemory, "tokenizer: no memory for PCRE2");
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(match.get());
  size_t done = 0;
  while (done < text.size()) {
    // The caller has checked the UTF-8; checking it again at each piece would be quadratic.
    const int found = pcre2_match(program_->code.get(),
                                  reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(),
                                  done,
                                  PCRE2_NO_UTF_CHECK,
                                  match.get(),
                                  program_->limits.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      throw Error(ErrorCode::Unsupported,
                  str("tokenizer: the split pattern stopped at byte ",
                      done,
                      " of ",
                      text.size(),
                      ": ",
                      pcre2_message(found)));
    }
    const size_t begin = bounds[0];
    const size_t end = bounds[1];
    if (begin < done || end <= begin) {
      throw Error(ErrorCode::Unsupported,
                  "tokenizer: the split pattern matches the empty string; expected a pattern "
                  "that consumes text, as Qwen's does");
    }
    if (begin > done) pieces.push_back(text.substr(done, begin - done));
    pieces.push_back(text.substr(begin, end - begin));
    done = end;
  }
  if (done < text.size()) pieces.push_back(text.substr(done));
  return pieces;
}

}  // namespace ams
