#include "text/tokenizer.h"

#include <system_error>

#include "base/error.h"
#include "base/str.h"
#include "text/bpe_tokenizer.h"

namespace ams {

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::filesystem::path& folder) {
  std::error_code error;  // a path that cannot be looked at counts as missing
  const std::filesystem::path whole = folder / "tokenizer.json";
  if (std::filesystem::exists(whole, error)) {
    return std::make_shared<BpeTokenizer>(
        describe_tokenizer_json(Json::parse_file(whole), whole.string()));
  }
  if (!std::filesystem::exists(folder / "vocab.json", error)) {
    throw Error(ErrorCode::NotFound,
                str("tokenizer: ",
                    folder.string(),
                    " holds neither tokenizer.json nor vocab.json; the model's folder may be "
                    "incomplete"));
  }
  return std::make_shared<BpeTokenizer>(describe_vocabulary_files(folder));
}

std::vector<int32_t> encode_with_appended(const Tokenizer& tokenizer,
                                          std::string_view text,
                                          SpecialTokens special,
                                          int64_t max_length) {
  const std::span<const int32_t> appended = tokenizer.appended_tokens();
  const int64_t room = max_length - static_cast<int64_t>(appended.size());
  if (room < 0) {
    throw Error(ErrorCode::InvalidRequest,
                str("tokenizer: max_length is ",
                    max_length,
                    ", expected at least the ",
                    appended.size(),
                    " tokens that end every text"));
  }
  std::vector<int32_t> ids = tokenizer.encode(text, special);
  if (static_cast<int64_t>(ids.size()) > room) ids.resize(static_cast<size_t>(room));
  ids.insert(ids.end(), appended.begin(), appended.end());
  return ids;
}

}  // namespace ams
