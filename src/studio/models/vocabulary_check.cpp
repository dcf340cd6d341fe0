#include "studio/models/vocabulary_check.h"

#include "base/error.h"
#include "base/str.h"

namespace ams {

void check_vocabulary(const Tokenizer& tokenizer,
                      int64_t embeddings,
                      const std::filesystem::path& folder) {
  if (tokenizer.vocab_size() <= embeddings) return;
  throw Error(ErrorCode::CorruptFile,
              str("tokenizer: ",
                  folder.string(),
                  " has token ids up to ",
                  tokenizer.vocab_size() - 1,
                  ", its model has ",
                  embeddings,
                  " embeddings; the tokenizer is another model's"));
}

}  // namespace ams
