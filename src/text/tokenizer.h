// Byte-level BPE tokenizer of the Qwen2.5 and Qwen3 families (arXiv:1508.07909 on bytes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ams {

// Whether literals such as "<|im_start|>" inside a text become their single id. User text must be
// encoded with `AsText`; only prompts that this program wrote itself may use `Parse`.
enum class SpecialTokens { AsText, Parse };

// Immutable; thread-safe.
class Tokenizer {
 public:
  // Reads `tokenizer.json` of the folder, or, if that is missing, `vocab.json`, `merges.txt`,
  // `added_tokens.json` and `tokenizer_config.json`; these do not state appended tokens. Throws
  // NotFound, CorruptFile, and Unsupported for any pipeline but Qwen's byte-level BPE.
  static std::shared_ptr<const Tokenizer> load(const std::filesystem::path& folder);

  virtual ~Tokenizer() = default;

  // Ids of a text; the post-processor's tokens (the <|endoftext|> that Qwen3-Embedding appends) are
  // not added. Literals are matched in the raw text, longest first; all else is composed (NFC).
  // Throws InvalidRequest if `text` is not UTF-8 or has more than 64 MiB.
  virtual std::vector<int32_t> encode(std::string_view text, SpecialTokens special) const = 0;

  // Ids that the post-processor appends to every encoded text; empty for the language models.
  virtual std::span<const int32_t> appended_tokens() const = 0;

  // Bytes of one token (a special token gives its literal). Throws InvalidRequest for an unknown
  // id.
  virtual std::string token_bytes(int32_t id) const = 0;

  // The text of `ids`; invalid UTF-8 at the borders becomes U+FFFD. Special tokens are written as
  // their literals or left out; <think>, </think> and the audio codes do not count as special.
  // Throws InvalidRequest for an unknown id.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special) const = 0;

  // The id of a literal special token, for example "<|im_end|>", or else of the ordinary token with
  // these bytes (" the", not its spelling in the file).
  virtual std::optional<int32_t> find(std::string_view literal) const = 0;

  virtual int64_t vocab_size() const = 0;  // one more than the largest id
};

// Ids of `text` with the appended tokens, as a text encoder takes them: at most `max_length` in
// all, cut on the right so that the appended tokens stay (256 for captions, 2048 for lyrics in
// ACE-Step). Throws InvalidRequest as encode(), and if `max_length` cannot hold the appended
// tokens.
std::vector<int32_t> encode_with_appended(const Tokenizer& tokenizer,
                                          std::string_view text,
                                          SpecialTokens special,
                                          int64_t max_length);

}  // namespace ams
