#include "hub/file_hash.h"

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/str.h"

namespace ams {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

class Digest {
 public:
  explicit Digest(const EVP_MD* method) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), method, nullptr) != 1) {
      throw Error(ErrorCode::Internal, "hub: OpenSSL lacks SHA-256 or SHA-1");
    }
  }

  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
      text += kDigits[digest[i] >> 4];
      text += kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::optional<FileHash> parse_file_hash(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (text.size() == 64) return FileHash{FileHash::Kind::Sha256, std::string(text)};
  if (text.size() == 40) return FileHash{FileHash::Kind::GitBlob, std::string(text)};
  return std::nullopt;
}

std::string hash_file(const std::filesystem::path& path,
                      FileHash::Kind kind,
                      const std::stop_token& stop,
                      const std::function<void(int64_t)>& progress) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::NotFound, str("hub: cannot open '", path.string(), "'"));
  Digest digest(kind == FileHash::Kind::Sha256 ? EVP_sha256() : EVP_sha1());
  if (kind == FileHash::Kind::GitBlob) {
    digest.add(str("blob ", std::filesystem::file_size(path), std::string(1, '\0')));
  }
  std::vector<char> block(kBlockBytes);
  int64_t done = 0;
  do {
    if (stop.stop_requested())
      throw Error(ErrorCode::Cancelled, "hub: cancelled; the next download goes on from here");
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.add({block.data(), static_cast<size_t>(file.gcount())});
    done += file.gcount();
    progress(done);
  } while (file);
  if (!file.eof()) throw Error(ErrorCode::NotFound, str("hub: cannot read '", path.string(), "'"));
  return digest.hex();
}

}  // namespace ams
