#include "planner/golden_tokenizers.h"

#include <array>
#include <fstream>
#include <utility>
#include <vector>

#include <unistd.h>
#include <zlib.h>

#include "planner/code_string.h"

namespace ams {
namespace {

constexpr int32_t kFirstCode = 151669;
constexpr int64_t kCodeSlots = 65535;

// The base tokenizer's file has no audio codes, and no post-processor.
class ExtendedTokenizer : public Tokenizer {
 public:
  explicit ExtendedTokenizer(std::shared_ptr<const Tokenizer> base) : base_(std::move(base)) {}

  std::vector<int32_t> encode(std::string_view text, SpecialTokens special) const override {
    return base_->encode(text, special);
  }
  std::span<const int32_t> appended_tokens() const override { return appended_; }
  std::string token_bytes(int32_t id) const override {
    return id < kFirstCode ? base_->token_bytes(id) : audio_code_literal(id - kFirstCode);
  }
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override {
    return base_->decode(ids, skip_special);
  }
  std::optional<int32_t> find(std::string_view literal) const override {
    const std::vector<int32_t> codes = parse_audio_codes(literal, kCodeSlots + 1);
    if (codes.size() == 1 && codes[0] < kCodeSlots) return kFirstCode + codes[0];
    return base_->find(literal);
  }
  int64_t vocab_size() const override { return kFirstCode + kCodeSlots; }

 private:
  std::shared_ptr<const Tokenizer> base_;
  std::vector<int32_t> appended_{151643};
};

void gunzip(const std::filesystem::path& from, const std::filesystem::path& to) {
  gzFile in = gzopen(from.c_str(), "rb");
  std::ofstream out(to, std::ios::binary);
  std::vector<char> block(1 << 16);
  for (int bytes = 0; (bytes = gzread(in, block.data(), 1 << 16)) > 0;)
    out.write(block.data(), bytes);
  gzclose(in);
}

}  // namespace

std::optional<std::filesystem::path> find_golden(const std::string& relative) {
  const std::filesystem::path in_repository =
      std::filesystem::path(AMS_TEST_SOURCE_DIR) / "tests/golden/data" / relative;
  if (std::filesystem::exists(in_repository)) return in_repository;
  const std::filesystem::path full = std::filesystem::path(AMS_TEST_GOLDEN_DIR) / relative;
  if (std::filesystem::exists(full)) return full;
  return std::nullopt;
}

std::shared_ptr<const Tokenizer> real_planner_tokenizer() {
  static const std::shared_ptr<const Tokenizer> tokenizer =
      []() -> std::shared_ptr<const Tokenizer> {
    const auto packed = find_golden("tokenizer/tokenizer_qwen3.json.gz");
    if (!packed) return nullptr;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("ams_test_planner_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    gunzip(*packed, folder / "tokenizer.json");
    std::shared_ptr<const Tokenizer> base = Tokenizer::load(folder);
    std::filesystem::remove_all(folder);
    return std::make_shared<ExtendedTokenizer>(std::move(base));
  }();
  return tokenizer;
}

}  // namespace ams
