// `vocab.json`, `merges.txt` and their companions, as Qwen2Tokenizer saves them.
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "base/error.h"
#include "base/str.h"
#include "text/tokenizer_description.h"

namespace ams {
namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 20;
constexpr uintmax_t kMaxMergesBytes = uintmax_t{64} << 20;

// Qwen2Tokenizer's pattern; the files of this form do not repeat it.
constexpr const char* kQwenSplitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// The added tokens that Qwen marks as special, for folders whose files do not say it.
constexpr std::array<std::string_view, 14> kQwenSpecialTokens = {"<|endoftext|>",
                                                                 "<|im_start|>",
                                                                 "<|im_end|>",
                                                                 "<|object_ref_start|>",
                                                                 "<|object_ref_end|>",
                                                                 "<|box_start|>",
                                                                 "<|box_end|>",
                                                                 "<|quad_start|>",
                                                                 "<|quad_end|>",
                                                                 "<|vision_start|>",
                                                                 "<|vision_end|>",
                                                                 "<|vision_pad|>",
                                                                 "<|image_pad|>",
                                                                 "<|video_pad|>"};

bool is_qwen_special(std::string_view content) {
  return std::find(kQwenSpecialTokens.begin(), kQwenSpecialTokens.end(), content) !=
         kQwenSpecialTokens.end();
}

std::string read_text(const std::filesystem::path& path) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    throw Error(ErrorCode::NotFound, str("tokenizer: cannot read ", path.string()));
  }
  if (bytes > kMaxMergesBytes) {
    throw Error(ErrorCode::Unsupported,
                str("tokenizer: ",
                    path.string(),
                    " has ",
                    bytes,
                    " bytes, at most ",
                    kMaxMergesBytes,
                    " are read"));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// The whole file. for_each_member() of anything but an object would visit nothing.
Json parse_object(const std::filesystem::path& path) {
  Json object = Json::parse_file(path);
  if (!object.is_object()) {
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: ", path.string(), " does not hold a JSON object"));
  }
  return object;
}

void read_merges(const std::filesystem::path& path, TokenizerDescription& description) {
  const std::string text = read_text(path);
  std::string_view rest = text;
  for (int64_t number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: line ",
                      number,
                      " of ",
                      path.string(),
                      " holds no space, expected two tokens with a space between"));
    }
    description.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
}

void read_vocabulary(const std::filesystem::path& path, TokenizerDescription& description) {
  parse_object(path).for_each_member([&](const std::string& spelling, const Json& id) {
    description.vocabulary.emplace_back(spelling, read_token_id(id, path.string(), spelling));
  });
}

int32_t id_of_key(const std::string& key, const std::string& source) {
  int32_t id = -1;
  const char* end = key.data() + key.size();
  const auto [stop, error] = std::from_chars(key.data(), end, id);
  if (error != std::errc() || stop != end || id < 0 || id >= kMaxTokens) {
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: ", source, " has the token id '", key, "', expected 0 to 1048575"));
  }
  return id;
}

// `added_tokens_decoder` maps ids to contents and flags.
void read_config(const std::filesystem::path& path, TokenizerDescription& description) {
  const Json config = parse_object(path);
  const std::string kind = config.get("tokenizer_class", "Qwen2Tokenizer");
  if (!kind.starts_with("Qwen") || config.get("add_prefix_space", false)) {
    throw Error(ErrorCode::Unsupported,
                str("tokenizer: ",
                    path.string(),
                    " describes a ",
                    kind,
                    ", expected Qwen2Tokenizer without add_prefix_space; a tokenizer.json would "
                    "state the pipeline"));
  }
  if (!config.contains("added_tokens_decoder")) return;
  config.at("added_tokens_decoder").for_each_member([&](const std::string& key, const Json& token) {
    const int32_t id = id_of_key(key, path.string());
    const std::string content = token.at("content").as_string();
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) {
      if (!token.get(flag, false)) continue;
      throw Error(ErrorCode::Unsupported,
                  str("tokenizer: ",
                      path.string(),
                      " has the added token '",
                      content,
                      "' with '",
                      flag,
                      "', expected literal added tokens"));
    }
    description.added_tokens.push_back({id, content, token.get("special", false)});
  });
}

// Adds what the configuration has not named already.
void read_added_tokens(const std::filesystem::path& path, TokenizerDescription& description) {
  std::unordered_map<std::string, int32_t> known;
  for (const AddedToken& token : description.added_tokens) known.emplace(token.content, token.id);
  parse_object(path).for_each_member([&](const std::string& content, const Json& value) {
    const int32_t id = read_token_id(value, path.string(), content);
    const auto found = known.find(content);
    if (found != known.end() && found->second == id) return;
    description.added_tokens.push_back({id, content, is_qwen_special(content)});
  });
}

}  // namespace

int32_t read_token_id(const Json& value, const std::string& source, const std::string& token) {
  if (!value.is_int() || value.as_int() < 0 || value.as_int() >= kMaxTokens) {
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: the id of '",
                    token,
                    "' in ",
                    source,
                    " is ",
                    value.dump().substr(0, 40),
                    ", expected an integer from 0 to ",
                    kMaxTokens - 1));
  }
  return static_cast<int32_t>(value.as_int());
}

TokenizerDescription describe_vocabulary_files(const std::filesystem::path& folder) {
  TokenizerDescription description;
  description.source = (folder / "vocab.json").string();
  description.split_pattern = kQwenSplitPattern;
  std::error_code error;  // a path that cannot be looked at counts as missing
  try {
    read_vocabulary(folder / "vocab.json", description);
    read_merges(folder / "merges.txt", description);
    const std::filesystem::path config = folder / "tokenizer_config.json";
    if (std::filesystem::exists(config, error)) read_config(config, description);
    const std::filesystem::path added = folder / "added_tokens.json";
    if (std::filesystem::exists(added, error)) read_added_tokens(added, description);
  } catch (const Error& cause) {
    // Json reports a missing or mistyped member as a wrong request; here a file is wrong.
    if (cause.code() != ErrorCode::InvalidRequest) throw;
    throw Error(ErrorCode::CorruptFile,
                str("tokenizer: a file in ", folder.string(), ": ", cause.what()));
  }
  return description;
}

}  // namespace ams
