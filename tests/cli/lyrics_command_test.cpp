// `ams lyrics` as a black box, with the tiny checkpoint of the tests: its words are noise.
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/program_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const fs::path kSource = AMS_TEST_SOURCE_DIR;
const std::string kModel =
    (kSource / "tests" / "golden" / "data" / "checkpoints" / "Qwen2.5-7B-Instruct").string();

class LyricsCommand : public CommandLine {
 protected:
  ProgramResult lyrics(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"lyrics", "a night train home", "--max-new-tokens", "100"};
    for (const std::string& word : more) words.push_back(word);
    return ams(on_tiny_model(std::move(words)));
  }
  static std::vector<std::string> on_tiny_model(std::vector<std::string> words) {
    for (const char* word : {"--device", "cpu", "--threads", "1"}) words.emplace_back(word);
    words.emplace_back("--model");
    words.push_back(kModel);
    return words;
  }
};

// Words of a command as a shell splits them; quotes hold words together.
std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words{""};
  bool is_quoted = false;
  for (const char c : line) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == ' ' && !is_quoted) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

TEST_F(LyricsCommand, example_of_its_page_runs) {
  std::ifstream page(kSource / "docs" / "modes" / "lyrics.md");
  const std::string prefix = "    ams lyrics ";
  int64_t examples = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with(prefix)) continue;
    ++examples;
    std::vector<std::string> words = shell_words(line.substr(prefix.size()));
    words.insert(words.begin(), "lyrics");
    const ProgramResult result = ams(on_tiny_model(words));
    EXPECT_EQ(result.exit_code, 0) << line << '\n' << result.err;
  }
  EXPECT_EQ(examples, 1);
  EXPECT_THAT(files(), UnorderedElementsAre("lyrics.txt", "lyrics.json"));
}

TEST_F(LyricsCommand, text_goes_to_standard_output_and_progress_does_not) {
  const ProgramResult result = lyrics();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writing"));
  EXPECT_THAT(result.err, HasSubstr("seed 42"));
  EXPECT_THAT(result.out, Not(HasSubstr("writing")));
  EXPECT_THAT(result.out, Not(IsEmpty()));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(LyricsCommand, quiet_prints_the_lyrics_only) {
  const ProgramResult result = lyrics({"--quiet"});
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(result.out, lyrics().out);
}

TEST_F(LyricsCommand, files_hold_text_and_metadata) {
  const ProgramResult result = lyrics({"-o", "a.txt", "--json", "a.json", "--seed", "7"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, IsEmpty());
  const Json metadata = Json::parse_file(folder_ / "a.json");
  EXPECT_EQ(metadata.at("mode").as_string(), "lyrics");
  EXPECT_EQ(metadata.at("seed").as_int(), 7);
  EXPECT_EQ(metadata.at("models").at("lyrics").as_string(), "Qwen2.5-7B-Instruct");
  EXPECT_EQ(file_text(folder_ / "a.txt").back(), '\n');
}

TEST_F(LyricsCommand, metadata_is_a_request_for_the_same_text) {
  lyrics({"-o", "a.txt", "--json", "a.json", "--seed", "-1"});
  const ProgramResult result =
      ams({"request", "a.json", "-o", "b.txt", "--device", "cpu", "--threads", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(file_text(folder_ / "a.txt"), file_text(folder_ / "b.txt"));
}

TEST_F(LyricsCommand, wrong_requests_are_one_line) {
  expect_error({"lyrics", " "}, 2, "'brief' is missing");
  expect_error({"lyrics", "x", "--verse-lines", "11"}, 2, "2 to 10");
  expect_error({"lyrics", "x", "-o", "no/such/a.txt"}, 3, "no");
  expect_error({"lyrics", "x", "--model", "nobody"}, 3, "ams pull lyrics");
}

TEST_F(LyricsCommand, interrupt_leaves_no_file) {
  const pid_t child = start(on_tiny_model({"lyrics",
                                           "x",
                                           "--max-new-tokens",
                                           "2000",
                                           "--temperature",
                                           "2",
                                           "--top-k",
                                           "0",
                                           "--top-p",
                                           "0",
                                           "-o",
                                           "a.txt"}));
  for (int i = 0; i < 3000 && program_.err_so_far().find("writing") == std::string::npos; ++i)
    usleep(1000);
  kill(child, SIGINT);
  const ProgramResult result = wait_for(child);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("cancelled"));
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace ams
