#include "studio/weights/byte_tokenizer.h"

#include <array>
#include <string>
#include <string_view>

#include "base/str.h"
#include "planner/code_string.h"

namespace ams {
namespace {

constexpr int64_t kBytes = 256;
constexpr int64_t kFirstPublishedSpecial = 151643;
constexpr std::string_view kEndOfText = "<|endoftext|>";
// In the order of their ids.
constexpr std::array<std::string_view, 26> kSpecials{kEndOfText,
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
                                                     "<|video_pad|>",
                                                     "<tool_call>",
                                                     "</tool_call>",
                                                     "<|fim_prefix|>",
                                                     "<|fim_middle|>",
                                                     "<|fim_suffix|>",
                                                     "<|fim_pad|>",
                                                     "<|repo_name|>",
                                                     "<|file_sep|>",
                                                     "<tool_response>",
                                                     "</tool_response>",
                                                     "<think>",
                                                     "</think>"};
// Qwen's, as tokenizer.json has it.
constexpr const char* kSplitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json object_of_type(const char* type) {
  Json object = Json::object();
  object.set("type", type);
  return object;
}

Json byte_level() {
  Json part = object_of_type("ByteLevel");
  part.set("add_prefix_space", false);
  part.set("trim_offsets", false);
  part.set("use_regex", false);
  return part;
}

Json pre_tokenizer() {
  Json pattern = Json::object();
  pattern.set("Regex", kSplitPattern);
  Json split = object_of_type("Split");
  split.set("pattern", pattern);
  split.set("behavior", "Isolated");
  split.set("invert", false);
  Json parts = Json::array();
  parts.push_back(split);
  parts.push_back(byte_level());
  Json sequence = object_of_type("Sequence");
  sequence.set("pretokenizers", parts);
  return sequence;
}

Json template_part(const char* kind, const std::string& id) {
  Json inner = Json::object();
  inner.set("id", id);
  inner.set("type_id", 0);
  Json part = Json::object();
  part.set(kind, inner);
  return part;
}

Json end_appender(int64_t end_id) {
  const std::string end(kEndOfText);
  Json single = Json::array();
  single.push_back(template_part("Sequence", "A"));
  single.push_back(template_part("SpecialToken", end));
  Json ids = Json::array();
  ids.push_back(end_id);
  Json tokens = Json::array();
  tokens.push_back(end);
  Json special = Json::object();
  special.set("id", end);
  special.set("ids", ids);
  special.set("tokens", tokens);
  Json specials = Json::object();
  specials.set(end, special);
  Json appender = object_of_type("TemplateProcessing");
  appender.set("single", single);
  appender.set("pair", single);
  appender.set("special_tokens", specials);
  Json processors = Json::array();
  processors.push_back(byte_level());
  processors.push_back(appender);
  Json sequence = object_of_type("Sequence");
  sequence.set("processors", processors);
  return sequence;
}

std::string utf8(uint32_t point) {
  if (point < 0x80) return {static_cast<char>(point)};
  return {static_cast<char>(0xC0u | (point >> 6)), static_cast<char>(0x80u | (point & 0x3Fu))};
}

// The byte alphabet of GPT-2: printable bytes stand for themselves, the others follow from U+0100.
std::string spelling_of(uint32_t byte, uint32_t& next) {
  const bool is_printable =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  return utf8(is_printable ? byte : next++);
}

// A word of capitals for every id that no byte and no special token has.
std::string filler(int64_t id) {
  std::string word = "Z";
  for (; id > 0; id /= 26) word += static_cast<char>('A' + id % 26);
  return word + "Z";
}

Json added_token(int64_t id, std::string_view content, bool is_special) {
  Json token = Json::object();
  token.set("id", id);
  token.set("content", content);
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) token.set(flag, false);
  token.set("special", is_special);
  return token;
}

}  // namespace

Json byte_tokenizer_json(const ByteTokenizer& options) {
  const int64_t codes = options.has_audio_codes ? kNumAudioCodes : 0;
  const auto specials = static_cast<int64_t>(kSpecials.size());
  const bool is_full = options.vocabulary >= kFirstPublishedSpecial + specials + codes;
  const int64_t first_special = is_full ? kFirstPublishedSpecial : kBytes;
  const int64_t first_code = is_full ? first_special + specials : options.vocabulary - codes;

  Json vocabulary = Json::object();
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < kBytes; ++byte) {
    vocabulary.set(spelling_of(byte, next), static_cast<int64_t>(byte));
  }
  const auto fill = [&](int64_t begin, int64_t end) {
    for (int64_t id = begin; id < end; ++id) vocabulary.set(filler(id), id);
  };
  fill(kBytes, first_special);
  fill(first_special + specials, first_code);

  Json added = Json::array();
  for (int64_t i = 0; i < specials; ++i) {
    const std::string_view content = kSpecials[static_cast<size_t>(i)];
    const bool is_word = content.find('|') == std::string_view::npos;
    added.push_back(added_token(first_special + i, content, !is_word));
  }
  for (int64_t i = 0; i < codes; ++i) {
    added.push_back(added_token(first_code + i, audio_code_literal(i), /*is_special=*/false));
  }
  Json model = object_of_type("BPE");
  model.set("vocab", vocabulary);
  model.set("merges", Json::array());
  Json root = Json::object();
  root.set("version", "1.0");
  root.set("normalizer", object_of_type("NFC"));
  root.set("pre_tokenizer", pre_tokenizer());
  root.set("decoder", byte_level());
  root.set("post_processor", options.appends_end ? end_appender(first_special) : byte_level());
  root.set("added_tokens", added);
  root.set("model", model);
  return root;
}

}  // namespace ams
