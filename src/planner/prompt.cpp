#include "planner/prompt.h"

#include <optional>

#include "base/error.h"
#include "base/str.h"

namespace ams {

Prompt& Prompt::special(std::string_view literal) {
  parts_.push_back({std::string(literal), true});
  return *this;
}

Prompt& Prompt::text(std::string_view text) {
  if (parts_.empty() || parts_.back().is_special) parts_.push_back({"", false});
  parts_.back().text += text;
  return *this;
}

std::string Prompt::str() const {
  std::string all;
  for (const Part& part : parts_) all += part.text;
  return all;
}

std::vector<int32_t> Prompt::ids(const Tokenizer& tokenizer) const {
  std::vector<int32_t> ids;
  for (const Part& part : parts_) {
    if (part.is_special) {
      ids.push_back(require_token(tokenizer, part.text));
      continue;
    }
    const std::vector<int32_t> text_ids = tokenizer.encode(part.text, SpecialTokens::AsText);
    ids.insert(ids.end(), text_ids.begin(), text_ids.end());
  }
  return ids;
}

int32_t require_token(const Tokenizer& tokenizer, std::string_view literal) {
  const std::optional<int32_t> id = tokenizer.find(literal);
  if (!id) {
    throw Error(ErrorCode::CorruptFile,
                str("planner: the tokenizer has no token '",
                    literal,
                    "'; it does not belong to an ACE-Step 1.5 model"));
  }
  return *id;
}

}  // namespace ams
