// `tokenizer.json` as the Hugging Face tokenizers library writes it.
#include <functional>

#include "base/error.h"
#include "base/str.h"
#include "text/tokenizer_description.h"

namespace ams {
namespace {

class Reader {
 public:
  Reader(const Json& root, TokenizerDescription& description)
      : root_(root), description_(description) {}

  void read() {
    read_normalizer(member_or_null(root_, "normalizer"));
    read_pre_tokenizer(member_or_null(root_, "pre_tokenizer"));
    const Json decoder = member_or_null(root_, "decoder");
    if (type_of(decoder) != "ByteLevel") refuse("decoder", type_of(decoder), "ByteLevel");
    const Json model = root_.at("model");
    read_model_options(model);
    read_vocabulary(model.at("vocab"));
    description_.merges.reserve(static_cast<size_t>(model.at("merges").size()));
    for_each_element(model, "merges", [&](const Json& merge) { read_merge(merge); });
    for_each_element(root_, "added_tokens", [&](const Json& token) { read_added_token(token); });
    read_post_processor(member_or_null(root_, "post_processor"));
  }

 private:
  [[noreturn]] void refuse(const std::string& part,
                           const std::string& actual,
                           const std::string& expected) const {
    throw Error(ErrorCode::Unsupported,
                str("tokenizer: ",
                    description_.source,
                    " has the ",
                    part,
                    " '",
                    actual,
                    "', expected ",
                    expected,
                    "; only Qwen's byte-level BPE is known"));
  }

  static Json member_or_null(const Json& object, std::string_view key) {
    return object.contains(key) ? object.at(key) : Json();
  }

  static std::string type_of(const Json& part) {
    return part.is_null() ? "none" : part.get("type", "without a type");
  }

  static void for_each_element(const Json& object,
                               const char* key,
                               const std::function<void(const Json&)>& visit) {
    const Json list = object.at(key);
    if (!list.is_array()) {
      throw Error(ErrorCode::InvalidRequest, str("'", key, "': expected an array"));
    }
    for (int64_t i = 0; i < list.size(); ++i) visit(list.at(i));
  }

  // The parts of a "Sequence", or the part itself.
  static std::vector<Json> parts_of(const Json& part, const char* list_key) {
    if (type_of(part) != "Sequence") return {part};
    std::vector<Json> parts;
    for_each_element(part, list_key, [&](const Json& element) { parts.push_back(element); });
    return parts;
  }

  void read_normalizer(const Json& normalizer) {
    description_.is_nfc = false;
    if (normalizer.is_null()) return;
    for (const Json& part : parts_of(normalizer, "normalizers")) {
      if (type_of(part) != "NFC") refuse("normalizer", type_of(part), "NFC or none");
      description_.is_nfc = true;
    }
  }

  void read_pre_tokenizer(const Json& pre_tokenizer) {
    const std::vector<Json> parts = parts_of(pre_tokenizer, "pretokenizers");
    if (parts.size() != 2 || type_of(parts[0]) != "Split" || type_of(parts[1]) != "ByteLevel") {
      refuse("pre_tokenizer", type_of(pre_tokenizer), "a Sequence of Split and ByteLevel");
    }
    const std::string behavior = parts[0].get("behavior", "none");
    if (behavior != "Isolated" || parts[0].get("invert", false)) {
      refuse("split behavior", behavior, "Isolated, not inverted");
    }
    const Json pattern = parts[0].at("pattern");
    if (!pattern.contains("Regex")) refuse("split pattern", pattern.dump(), "a Regex");
    description_.split_pattern = pattern.at("Regex").as_string();
    check_byte_level(parts[1], "pre_tokenizer");
    // A second, built-in split would follow ours.
    if (parts[1].get("use_regex", true)) refuse("pre_tokenizer", "use_regex", "use_regex false");
  }

  void check_byte_level(const Json& part, const std::string& name) const {
    if (part.get("add_prefix_space", true)) {
      refuse(name, "add_prefix_space", "add_prefix_space false");
    }
  }

  void read_model_options(const Json& model) const {
    if (type_of(model) != "BPE") refuse("model", type_of(model), "BPE");
    if (model.get("dropout", 0.0) != 0.0) refuse("model", "dropout", "no dropout");
    if (model.get("ignore_merges", false)) refuse("model", "ignore_merges", "merges in use");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!model.get(key, "").empty()) refuse("model", key, "no marks inside words");
    }
  }

  void read_vocabulary(const Json& vocabulary) {
    if (!vocabulary.is_object()) {
      throw Error(ErrorCode::InvalidRequest, "'vocab': expected an object of token ids");
    }
    description_.vocabulary.reserve(static_cast<size_t>(vocabulary.size()));
    vocabulary.for_each_member([&](const std::string& spelling, const Json& id) {
      description_.vocabulary.emplace_back(spelling,
                                           read_token_id(id, description_.source, spelling));
    });
  }

  // Newer files hold pairs, older ones lines.
  void read_merge(const Json& merge) {
    if (merge.is_array() && merge.size() == 2) {
      description_.merges.emplace_back(merge.at(0).as_string(), merge.at(1).as_string());
      return;
    }
    const std::string line = merge.as_string();
    const size_t space = line.find(' ');
    if (space == std::string::npos) {
      throw Error(ErrorCode::CorruptFile,
                  str("tokenizer: merge ",
                      description_.merges.size(),
                      " in ",
                      description_.source,
                      " is '",
                      line,
                      "', expected two tokens with a space between"));
    }
    description_.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }

  void read_added_token(const Json& token) {
    AddedToken added{0, token.at("content").as_string(), token.get("special", false)};
    added.id = read_token_id(token.at("id"), description_.source, added.content);
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) {
      if (token.get(key, false)) {
        refuse("added token", added.content + "' with '" + key, "literal added tokens");
      }
    }
    description_.added_tokens.push_back(std::move(added));
  }

  void read_post_processor(const Json& post_processor) {
    if (post_processor.is_null()) return;
    for (const Json& part : parts_of(post_processor, "processors")) {
      if (type_of(part) == "TemplateProcessing") {
        read_template(part);
      } else if (type_of(part) != "ByteLevel") {  // ByteLevel only moves offsets
        refuse("post_processor", type_of(part), "ByteLevel or TemplateProcessing");
      }
    }
  }

  // "single" lists the text and the special tokens around it.
  void read_template(const Json& processor) {
    bool is_after_text = false;
    for_each_element(processor, "single", [&](const Json& item) {
      if (item.contains("Sequence") == is_after_text) {
        refuse("post_processor", "TemplateProcessing", "one text followed by special tokens");
      }
      if (!is_after_text) {
        is_after_text = true;
        return;
      }
      const std::string name = item.at("SpecialToken").at("id").as_string();
      for_each_element(processor.at("special_tokens").at(name), "ids", [&](const Json& id) {
        description_.appended.push_back(read_token_id(id, description_.source, name));
      });
    });
  }

  const Json& root_;
  TokenizerDescription& description_;
};

}  // namespace

TokenizerDescription describe_tokenizer_json(const Json& root, const std::string& source) {
  TokenizerDescription description;
  description.source = source;
  try {
    Reader(root, description).read();
  } catch (const Error& error) {
    // Json reports a missing or mistyped member as a wrong request; here the file is wrong.
    if (error.code() != ErrorCode::InvalidRequest) throw;
    throw Error(ErrorCode::CorruptFile, str("tokenizer: ", source, ": ", error.what()));
  }
  return description;
}

}  // namespace ams
