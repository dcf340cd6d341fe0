#include "planner/song_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "planner/code_string.h"
#include "planner/fake_tokenizer.h"
#include "planner/golden_tokenizers.h"

namespace ams {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Ids = std::vector<int32_t>;

// What the official handler built (golden data, handler/texts.json).
Json handler_texts() {
  static const Json texts =
      Json::parse_file(AMS_TEST_SOURCE_DIR "/tests/unit/planner/data/handler_texts.json");
  return texts;
}

SongTask task_named(const std::string& name) {
  for (const SongTaskInfo& info : song_tasks()) {
    if (info.name == name) return info.task;
  }
  throw Error(ErrorCode::NotFound, name);
}

std::vector<std::string> tracks_of(const Json& in) {
  const std::string task = in.at("task").as_string();
  if (task == "complete") return {"strings", "brass"};
  const Json track = in.at("track");
  return track.is_null() ? std::vector<std::string>{} : std::vector{track.as_string()};
}

SongPrompt prompt_of(const Json& in) {
  const auto number = [&](const char* key) {
    const Json value = in.at(key);
    return value.is_null() ? std::nullopt : std::optional(value.as_double());
  };
  SongPrompt song;
  song.instruction = task_instruction(task_named(in.at("task").as_string()), tracks_of(in));
  song.caption = in.at("caption").as_string();
  song.metadata.key_scale = in.at("keyscale").as_string();
  song.metadata.time_signature = in.at("timesignature").as_string();
  if (const auto bpm = number("bpm")) song.metadata.bpm = static_cast<int64_t>(*bpm);
  song.duration_seconds = number("duration");
  return song;
}

Ids ids_of(const Json& array) {
  Ids ids;
  for (int64_t i = 0; i < array.size(); ++i)
    ids.push_back(static_cast<int32_t>(array.at(i).as_int()));
  return ids;
}

TEST(SongPrompt, texts_equal_the_official_handler) {
  const Json prompts = handler_texts().at("prompts");
  int64_t checked = 0;
  for (int64_t i = 0; i < prompts.size(); ++i) {
    const Json wanted = prompts.at(i);
    if (!wanted.contains("prompt")) continue;
    const SongPrompt song = prompt_of(wanted.at("in"));
    EXPECT_EQ(song.instruction, wanted.at("instruction").as_string());
    EXPECT_EQ(song_metadata_text(song), wanted.at("meta_text").as_string());
    EXPECT_EQ(song_text_prompt(song).str(), wanted.at("prompt").as_string());
    EXPECT_EQ(song_lyric_prompt(wanted.at("in").at("lyrics").as_string(),
                                wanted.at("in").at("language").as_string())
                  .str(),
              wanted.at("lyric_text").as_string());
    ++checked;
  }
  EXPECT_EQ(checked, 7);
  EXPECT_EQ(song_metadata_text({}), handler_texts().at("default_meta").as_string());
}

TEST(SongPrompt, ids_equal_the_official_handler) {
  const auto folder = find_golden("checkpoints/Qwen3-Embedding-0.6B");
  if (!folder) GTEST_SKIP() << "golden data is not installed";
  const std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(*folder);
  const Json prompts = handler_texts().at("prompts");
  for (int64_t i = 0; i < prompts.size(); ++i) {
    const Json wanted = prompts.at(i);
    if (!wanted.contains("prompt")) continue;
    const Json in = wanted.at("in");
    EXPECT_EQ(song_prompt_ids(song_text_prompt(prompt_of(in)), *tokenizer, kMaxTextTokens),
              ids_of(wanted.at("tiny_prompt_ids")));
    EXPECT_EQ(song_prompt_ids(
                  song_lyric_prompt(in.at("lyrics").as_string(), in.at("language").as_string()),
                  *tokenizer,
                  kMaxLyricTokens),
              ids_of(wanted.at("tiny_lyric_ids")));
  }
}

TEST(SongPrompt, long_text_is_cut_before_the_appended_token) {
  const auto folder = find_golden("checkpoints/Qwen3-Embedding-0.6B");
  if (!folder) GTEST_SKIP() << "golden data is not installed";
  const std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(*folder);
  const Json prompts = handler_texts().at("prompts");
  const Json wanted = prompts.at(prompts.size() - 1);
  const Prompt prompt = [&] {
    Prompt text;
    text.text(wanted.at("in").at("long_caption").as_string());
    return text;
  }();
  EXPECT_EQ(song_prompt_ids(prompt, *tokenizer, kMaxTextTokens),
            ids_of(wanted.at("tiny_prompt_ids_truncated")));
}

TEST(SongPrompt, real_ids_of_text_and_lyrics) {
  const std::shared_ptr<const Tokenizer> tokenizer = real_planner_tokenizer();
  if (!tokenizer) GTEST_SKIP() << "golden data is not installed";
  const SongPrompt song{.instruction = task_instruction(SongTask::Text2Music),
                        .caption = "calm piano",
                        .metadata = {.bpm = 120, .key_scale = "C major", .time_signature = "4"},
                        .duration_seconds = 30.0};
  EXPECT_EQ(song_prompt_ids(song_text_prompt(song), *tokenizer, kMaxTextTokens),
            (Ids{2,    29051, 198,   14449, 279, 7699, 41733, 6911,  3118,   389, 279,   2661,
                 4682, 1447,  2,     37600, 198, 5416, 76,    26278, 271,    2,   6212,  300,
                 198,  12,    97724, 25,    220, 16,   17,    15,    198,    12,  3039,  622,
                 1568, 25,    220,   19,    198, 12,   6894,  2246,  25,     356, 3598,  198,
                 12,   8090,  25,    220,   18,  15,   6486,  198,   151643, 198, 151643}));
  EXPECT_EQ(
      song_prompt_ids(song_lyric_prompt("[Instrumental]", "en"), *tokenizer, kMaxLyricTokens),
      (Ids{2, 54964, 198, 268, 271, 2, 15953, 2216, 198, 58, 56324, 278, 60, 151643, 151643}));
}

TEST(SongPrompt, instructions_follow_the_task) {
  const Json official = handler_texts().at("task_instructions");
  for (const SongTaskInfo& info : song_tasks()) {
    const std::string name(info.name);
    const std::string key = official.contains(name + "_default") ? name + "_default" : name;
    EXPECT_EQ(task_instruction(info.task), official.at(key).as_string());
  }
  const std::vector<std::string> vocals{"vocals"};
  const std::vector<std::string> two{"Drums", "backing_vocals"};
  EXPECT_EQ(task_instruction(SongTask::Extract, vocals),
            "Extract the VOCALS track from the audio:");
  EXPECT_EQ(task_instruction(SongTask::Complete, two),
            "Complete the input track with DRUMS | BACKING_VOCALS:");
  EXPECT_THAT([&] { task_instruction(SongTask::Lego, two); },
              ThrowsMessage<Error>(HasSubstr("takes one track, got 2")));
  EXPECT_THROW(task_instruction(SongTask::Cover, vocals), Error);
  EXPECT_THAT([] { task_instruction(SongTask::Lego, std::vector<std::string>{"kazoo"}); },
              ThrowsMessage<Error>(HasSubstr("'kazoo' is not one of woodwinds")));
}

TEST(SongPrompt, special_literals_in_a_caption_stay_text) {
  const FakeTokenizer tokenizer;
  const int32_t end_of_text = *tokenizer.find("<|endoftext|>");
  const Ids ids = song_prompt_ids(
      song_text_prompt({.caption = "a<|endoftext|>b<|audio_code_1|>"}), tokenizer, 10'000);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), end_of_text), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), *tokenizer.find("<|audio_code_1|>")), 0);
}

TEST(SongPrompt, hostile_texts_are_refused_or_kept) {
  EXPECT_THROW(song_text_prompt({.caption = "\xFF"}), Error);
  EXPECT_THROW(song_lyric_prompt("\xC0\x80", "en"), Error);
  EXPECT_THROW(song_lyric_prompt("x", std::string_view("e\0n", 3)), Error);
  // A heading without the rest of a prompt is a caption like any other.
  const std::string odd = "# Instruction # Caption";
  EXPECT_THAT(song_text_prompt({.caption = odd}).str(), HasSubstr("# Caption\n" + odd + "\n\n"));
  EXPECT_THAT(song_text_prompt({.caption = std::string(1'000'000, '#')}).str(), HasSubstr("###"));
  const std::string gap(1'000'000, '\n');  // read once, not once a line
  EXPECT_THAT(song_text_prompt({.caption = "# Instruction\n# Caption\nx" + gap + "y"}).str(),
              HasSubstr("# Caption\nx\n\n"));
}

TEST(CodeString, parses_as_the_official_handler) {
  const Json cases = handler_texts().at("audio_code_strings");
  for (int64_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(parse_audio_codes(cases.at(i).at("text").as_string()),
              ids_of(cases.at(i).at("codes")));
  }
}

}  // namespace
}  // namespace ams
