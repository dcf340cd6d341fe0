// The program as a black box: words in, exit code, output and files out.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/program_fixture.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(CommandLine, generate_writes_song_and_metadata) {
  const ProgramResult result = ams({"generate",
                                    "warm lo-fi piano",
                                    "--duration",
                                    "10",
                                    "--seed",
                                    "3",
                                    "-o",
                                    "a.wav",
                                    "--json",
                                    "a.json",
                                    "--device",
                                    "cpu"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("a.wav: 10.0 s, seed 3"));
  EXPECT_GE(fs::file_size(folder_ / "a.wav"), 480000u * 4);
  const Json metadata = Json::parse_file(folder_ / "a.json");
  EXPECT_EQ(metadata.at("seed").as_int(), 3);
  EXPECT_EQ(metadata.at("prompt").as_string(), "warm lo-fi piano");
  EXPECT_EQ(metadata.at("output_sha256").as_string().size(), 64u);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(CommandLine, every_mode_has_its_command) {
  for (const char* mode : {"cover", "extend", "edit"}) {
    const ProgramResult result =
        ams({mode, "in.wav", "--lora", "x=0.5", "--lora", "y", "-o", "a.wav", "--json", "a.json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json metadata = Json::parse_file(folder_ / "a.json");
    EXPECT_EQ(metadata.at("mode").as_string(), mode);
    const Json loras = metadata.at("request").at("loras");
    ASSERT_EQ(loras.size(), 2) << mode;
    EXPECT_EQ(loras.at(int64_t{0}).at("name").as_string(), "x");
    EXPECT_EQ(loras.at(int64_t{0}).at("strength").as_double(), 0.5);
  }
}

TEST_F(CommandLine, metadata_is_run_again) {
  ams({"generate",
       "x",
       "--lyrics",
       "[Verse] la",
       "--duration",
       "6",
       "-o",
       "a.wav",
       "--json",
       "a.json"});
  const ProgramResult result = ams({"request", "a.json", "-o", "b.wav"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(file_text(folder_ / "a.wav"), file_text(folder_ / "b.wav"));
}

TEST_F(CommandLine, songs_are_written_in_the_format_of_their_name) {
  for (const char* name : {"a.flac", "a.mp3", "a.opus"}) {
    const ProgramResult result =
        ams({"generate", "x", "--duration", "6", "-o", name, "--json", "a.json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string shown = ams({"info", name}).out;
    EXPECT_THAT(shown, HasSubstr("title      Generate: x\n"));
    EXPECT_THAT(shown, HasSubstr(" 6.0 s\n"));
  }
  EXPECT_EQ(Json::parse_file(folder_ / "a.json").at("audio").at("sample_rate").as_int(), 48000);
}

TEST_F(CommandLine, song_files_are_run_again) {
  for (const char* name : {"a.wav", "a.flac", "a.mp3"}) {
    ams({"generate", "x", "--lyrics", "[Verse] la", "--duration", "6", "-o", name});
    const std::string again = std::string("b") + name;
    const ProgramResult result = ams({"request", name, "-o", again});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(file_text(folder_ / name), file_text(folder_ / again)) << name;
  }
}

TEST_F(CommandLine, same_request_makes_the_same_bytes) {
  ams({"generate", "x", "--duration", "5", "--seed", "1", "-o", "a.wav"});
  ams({"generate", "x", "--duration", "5", "--seed", "1", "-o", "b.wav"});
  EXPECT_EQ(file_text(folder_ / "a.wav"), file_text(folder_ / "b.wav"));
}

TEST_F(CommandLine, progress_is_plain_lines_without_a_terminal) {
  const ProgramResult result = ams({"generate", "x", "--duration", "5", "-o", "a.wav"});
  EXPECT_THAT(result.err, HasSubstr("diffusion [############------------] 4/8\n"));
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
}

TEST_F(CommandLine, quiet_prints_nothing) {
  const ProgramResult result = ams({"generate", "x", "--duration", "5", "-o", "a.wav", "--quiet"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(CommandLine, bad_options_list_what_is_valid) {
  expect_error({"generate", "x", "--device", "gpu"}, 2, "auto, cpu, cuda, metal, vulkan");
  expect_error({"generate", "x", "--quant", "q2"}, 2, "none, q8_0, q6_k, q5_k, q4_k");
  expect_error({"generate", "x", "--infer-method", "euler"}, 2, "ode, sde");
  expect_error({"generate", "x", "--compat", "x"}, 2, "none, bf16-tables");
  expect_error({"generate", "x", "--vocal-language", "xx"}, 2, "ja, ko");
  expect_error({"generate", "x", "--timesignature", "5"}, 2, "2, 3, 4, 6");
  expect_error({"bench", "--config", "huge"}, 2, "xl-sft, sft, turbo, demo, tiny");
}

TEST_F(CommandLine, values_outside_their_range_are_rejected) {
  expect_error(
      {"generate", "x", "--duration", "4.9"}, 2, "'duration_s' is 4.9, expected 5 to 600 s");
  expect_error({"generate", "x", "--duration", "601"}, 2, "5 to 600 s");
  expect_error({"generate", "x", "--inference-steps", "7"}, 2, "8 to 80");
  expect_error({"generate", "x", "--seed", "2147483648"}, 2, "1 to 2147483647");
  expect_error({"generate", "x", "--threads", "0"}, 2, "1 to 1024");
  expect_error({"generate", "x", "--bpm", "12"}, 2, "30 to 300");
  expect_error({"generate", "x", "--lm-top-p", "nan"}, 2, "0 to 1");
}

TEST_F(CommandLine, texts_are_checked) {
  expect_error({"generate", " "}, 2, "'prompt' is missing");
  expect_error({"generate", std::string(600, 'x')}, 2, "expected 1 to 512 characters");
  expect_error({"generate", "\xC0\xAF"}, 2, "'prompt' is not valid UTF-8");
  expect_error({"generate", "x", "--lyrics", "\xFF"}, 2, "'lyrics' is not valid UTF-8");
  expect_error({"generate", "x", "--lyrics-file", "none.txt"}, 3, "none.txt");
  expect_error({"generate", "x", "--keyscale", "H"}, 2, "'H'");
}

TEST_F(CommandLine, usage_errors_exit_with_2) {
  expect_error({}, 2, "generate, cover, extend, edit, ");
  expect_error({"dance"}, 2, "'dance', expected one of: serve, generate");
  expect_error({"generate"}, 2, "prompt");
  expect_error({"generate", "x", "--bogus"}, 2, "--bogus");
  expect_error({"generate", "x", "--duration"}, 2, "--duration");
}

TEST_F(CommandLine, output_is_checked_before_any_work) {
  // The prompt "slow" would never end.
  expect_error({"generate", "slow", "-o", "none/a.wav"}, 3, "'none' does not exist");
  expect_error({"generate", "slow", "-o", "/"}, 2, "expected a name that ends in one of .wav");
  expect_error({"generate", "slow", "-o", "a.ogg"}, 2, ".wav, .flac, .mp3, .opus");
  expect_error({"generate", "slow", "--json", "none/a.json"}, 3, "'none' does not exist");
}

TEST_F(CommandLine, folders_without_permission_are_reported) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  expect_error({"generate", "slow", "-o", "a.wav"}, 2, "cannot be written");
}

TEST_F(CommandLine, engine_errors_leave_no_file) {
  const ProgramResult broken = ams({"generate", "broken", "--duration", "5", "--quiet"});
  EXPECT_EQ(broken.exit_code, 4);
  EXPECT_EQ(broken.err, "ams: weights: cut off\n");
  expect_error({"generate", "x", "--model", "missing"}, 3, "'missing'");
  expect_error({"generate", "nan", "--duration", "5", "--quiet", "--json", "a.json"}, 4, "audio");
}

TEST_F(CommandLine, interrupt_stops_and_leaves_no_file) {
  const pid_t child = program_.start({"generate", "slow", "-o", "a.wav", "--json", "a.json"});
  while (program_.err_so_far().find("8/8") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(child, SIGINT);
  const ProgramResult result = program_.wait_for(child);
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("ams: engine: cancelled\n"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(CommandLine, request_files_do_what_flags_do) {
  std::ofstream(folder_ / "r.json")
      << R"({"prompt": "x", "duration_s": 5, "seed": 1, "colour": "red", "lm": {"cfg": 3}})";
  const ProgramResult result = ams({"request", "r.json", "-o", "a.wav", "--json", "a.json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("ams: warning: unknown field 'colour' was ignored\n"));
  const Json metadata = Json::parse_file(folder_ / "a.json");
  EXPECT_EQ(metadata.at("lm").at("cfg").as_double(), 3);
  EXPECT_EQ(metadata.at("warnings").size(), 1);
  ams({"generate", "x", "--duration", "5", "--seed", "1", "--lm-cfg-scale", "3", "-o", "b.wav"});
  EXPECT_EQ(file_text(folder_ / "a.wav"), file_text(folder_ / "b.wav"));
}

TEST_F(CommandLine, bad_request_files_are_explained) {
  expect_error({"request", "none.json"}, 3, "none.json");
  std::ofstream(folder_ / "r.json") << "{\"prompt\": ";
  EXPECT_EQ(ams({"request", "r.json"}).exit_code, 4);
  std::ofstream(folder_ / "r.json") << R"({"prompt": "x", "duration_s": "long"})";
  const ProgramResult result = ams({"request", "r.json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("'duration_s' is 'long', expected 5 to 600 s"));
}

TEST_F(CommandLine, bench_prints_a_table_and_writes_json) {
  const ProgramResult result = ams({"bench", "--config", "tiny", "--json", "b.json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("dit_step"));
  EXPECT_EQ(Json::parse_file(folder_ / "b.json").at("schema").as_string(), "ams.bench/1");
}

// Measured as processor time, which a busy machine does not stretch.
TEST_F(CommandLine, help_version_and_models_answer_at_once) {
  for (const char* word : {"--help", "--version", "models"}) {
    const ProgramResult result = ams({word});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out, "");
    EXPECT_LT(result.processor_time, std::chrono::milliseconds(100)) << word;
  }
}

}  // namespace
}  // namespace ams
