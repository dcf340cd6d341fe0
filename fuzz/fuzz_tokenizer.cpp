// Feeds bytes to the tokenizer in three ways: as tokenizer.json, as a change to a valid
// tokenizer.json, and as text. Anything but ams::Error, or a text that does not survive the round
// trip, is a defect.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "text/bpe_tokenizer.h"
#include "text/byte_alphabet.h"
#include "text/unicode.h"

namespace {

using ams::BpeTokenizer;
using ams::Error;
using ams::Json;
using ams::SpecialTokens;

constexpr size_t kMaxTextBytes = 4096;

// Every byte as a token (found by searching the byte alphabet), a few merges and literals.
std::string valid_file() {
  Json vocabulary = Json::object();
  for (int character = 0x21; character < 0x144; ++character) {
    std::string spelling(1, static_cast<char>(character));
    if (character >= 0x80) {
      spelling = {static_cast<char>(0xC0 | (character >> 6)),
                  static_cast<char>(0x80 | (character & 0x3F))};
    }
    const auto bytes = ams::bytes_of_spelling(spelling);
    if (bytes) vocabulary.set(spelling, static_cast<unsigned char>(bytes->front()));
  }
  vocabulary.set("ab", 256);
  vocabulary.set("abc", 257);
  return R"({"normalizer":{"type":"NFC"},"decoder":{"type":"ByteLevel"},"pre_tokenizer":)"
         R"({"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","pattern":)"
         R"({"Regex":"[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|\\s+(?!\\S)|\\s+"}},)"
         R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]},)"
         R"("added_tokens":[{"id":300,"content":"<a>","special":true},{"id":301,"content":"<a><b>"}],)"
         R"("model":{"type":"BPE","merges":["a b",["ab","c"]],"vocab":)" +
         vocabulary.dump() + "}}";
}

void require(bool condition) {
  if (!condition) std::abort();
}

void encode_and_decode(const BpeTokenizer& tokenizer, std::string_view text) {
  try {
    const auto plain = tokenizer.encode(text, SpecialTokens::AsText);
    const std::string decoded = tokenizer.decode(plain, /*skip_special=*/true);
    require(decoded == text || decoded == ams::normalize_nfc(text));
    tokenizer.decode(tokenizer.encode(text, SpecialTokens::Parse), /*skip_special=*/false);
    ams::encode_with_appended(tokenizer, text, SpecialTokens::Parse, 8);
  } catch (const Error&) {
    // Not UTF-8, or a pattern beyond its limits.
  }
}

std::unique_ptr<BpeTokenizer> load(std::string_view file) {
  try {
    return std::make_unique<BpeTokenizer>(
        ams::describe_tokenizer_json(Json::parse(file, "fuzz"), "fuzz"));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string valid = valid_file();
  static const std::unique_ptr<BpeTokenizer> tokenizer = load(valid);
  require(tokenizer != nullptr);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  encode_and_decode(*tokenizer, input.substr(0, kMaxTextBytes));
  if (const auto other = load(input)) encode_and_decode(*other, input.substr(0, kMaxTextBytes));
  if (size < 3) return 0;

  // Two bytes say where the rest overwrites the valid file.
  const size_t position = (size_t{data[0]} << 8 | data[1]) % valid.size();
  std::string changed = valid;
  changed.replace(position, size_t{data[2]} % 16, input.substr(3));
  if (const auto other = load(changed)) encode_and_decode(*other, "abc <a><b>  \xC3\xA9 12");
  return 0;
}
