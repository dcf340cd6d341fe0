// The program as a black box on broken checkpoints, requests and surroundings: exit code, one line
// on standard error, and no file left behind.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "hostile/broken_checkpoint.h"
#include "support/program_run.h"

namespace ams {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class HostileProgram : public testing::Test {
 protected:
  HostileProgram() { fs::create_directory(work_); }

  ProgramResult run(
      const std::vector<std::string>& words, const std::function<void()>& prepare = [] {}) const {
    return program_.run(words, prepare);
  }

  // A short song from the copied checkpoint without its planner; later words win over earlier ones.
  std::vector<std::string> song(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"generate", "x"};
    const std::vector<std::string> rest{
        "--model", checkpoint_.root().string(), "--device", "cpu", "--threads", "1", "--quiet"};
    words.insert(words.end(), rest.begin(), rest.end());
    const auto given = [&](const std::string& flag) {
      return std::find(more.begin(), more.end(), flag) != more.end();
    };
    if (!given("--duration")) words.insert(words.end(), {"--duration", "5"});
    if (!given("--inference-steps")) words.insert(words.end(), {"--inference-steps", "8"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  void expect_failure(const ProgramResult& result, ErrorCode code, const std::string& text) const {
    EXPECT_EQ(result.exit_code, error_code_info(code).exit_code) << result.err;
    EXPECT_THAT(result.err, AllOf(StartsWith("ams: "), HasSubstr(text)));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(files(), IsEmpty());
  }

  std::vector<std::string> files() const { return file_names(work_); }

  // Every value of one tensor of the weights becomes `pattern`, a BF16 number.
  void fill_tensor(std::string_view network, std::string_view name, uint16_t pattern) const {
    checkpoint_.change_weights(network, [&](Json& header, std::string& data) {
      const Json range = header.at(name).at("data_offsets");
      const auto end = static_cast<size_t>(range.at(int64_t{1}).as_int());
      for (auto i = static_cast<size_t>(range.at(int64_t{0}).as_int()); i < end; i += 2) {
        data[i] = static_cast<char>(pattern & 0xFF);
        data[i + 1] = static_cast<char>(pattern >> 8);
      }
    });
  }

  const BrokenCheckpoint checkpoint_;
  const TemporaryFolder outer_;
  const fs::path work_ = outer_.path() / "work";
  const ProgramRunner program_{AMS_TEST_PROGRAM, work_};
};

constexpr uint16_t kNan = 0x7FC0;
constexpr uint16_t kInfinity = 0x7F80;

TEST_F(HostileProgram, control_writes_a_song) {
  const ProgramResult result = run(song());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), testing::ElementsAre("song.wav"));
}

TEST_F(HostileProgram, nan_weights_end_in_non_finite_latents) {
  fill_tensor(kSongFolder, "decoder.condition_embedder.bias", kNan);
  expect_failure(run(song()), ErrorCode::Internal, "infinities or NaN");
}

TEST_F(HostileProgram, infinite_weights_end_in_non_finite_latents) {
  fill_tensor(kSongFolder, "decoder.condition_embedder.bias", kInfinity);
  expect_failure(run(song()), ErrorCode::Internal, "infinities or NaN");
}

TEST_F(HostileProgram, nan_decoder_is_reported) {
  fill_tensor(kVaeFolder, "decoder.block.0.conv_t1.bias", kNan);
  expect_failure(run(song()), ErrorCode::CorruptFile, "finite");
}

TEST_F(HostileProgram, nan_planner_is_reported) {
  fill_tensor(kPlannerFolder, "norm.weight", kNan);
  expect_failure(run(song()), ErrorCode::Internal, "NaN");
}

TEST_F(HostileProgram, truncated_weights_are_named) {
  const fs::path path = checkpoint_.weights(kVaeFolder);
  fs::resize_file(path, fs::file_size(path) / 2);
  expect_failure(run(song()), ErrorCode::CorruptFile, path.string());
}

TEST_F(HostileProgram, unfit_weights_are_one_line) {
  checkpoint_.set_config(kSongFolder, "num_hidden_layers", "60");
  expect_failure(run(song()), ErrorCode::CorruptFile, "do not fit its configuration");
}

TEST_F(HostileProgram, broken_configuration_is_named) {
  checkpoint_.set_config(kSongFolder, "rms_norm_eps", "-1");
  expect_failure(run(song()), ErrorCode::CorruptFile, "'rms_norm_eps' is -1");
}

TEST_F(HostileProgram, planner_with_a_short_context_says_what_to_shorten) {
  checkpoint_.set_config(kPlannerFolder, "max_position_embeddings", "4");
  expect_failure(run(song()), ErrorCode::InvalidRequest, "the context holds 4");
}

TEST_F(HostileProgram, unknown_models_are_named) {
  expect_failure(run({"generate", "x", "--model", "no-such-model", "--quiet"}),
                 ErrorCode::NotFound,
                 "'no-such-model'");
  const std::string longest(4000, 'm');
  expect_failure(
      run({"generate", "x", "--model", longest, "--quiet"}), ErrorCode::NotFound, "'mmm");
}

TEST_F(HostileProgram, texts_are_limited) {
  const ErrorCode code = ErrorCode::InvalidRequest;
  expect_failure(run({"generate", std::string(513, 'x')}), code, "1 to 512 characters");
  expect_failure(run({"generate", "\xFF"}), code, "'prompt' is not valid UTF-8");
  expect_failure(run(song({"--lyrics", std::string(4097, 'x')})), code, "4096 characters");
  expect_failure(run(song({"--lyrics", "\xC3"})), code, "'lyrics' is not valid UTF-8");
}

TEST_F(HostileProgram, durations_are_limited) {
  for (const char* value : {"0", "-5", "4.99", "600.01", "nan", "inf", "1e300"}) {
    expect_failure(
        run(song({std::string("--duration"), value})), ErrorCode::InvalidRequest, "'duration_s'");
  }
}

TEST_F(HostileProgram, unknown_option_values_list_the_valid_ones) {
  const ErrorCode code = ErrorCode::InvalidRequest;
  expect_failure(run({"generate", "x", "--device", "abacus"}), code, "auto, cpu, cuda, metal");
  expect_failure(run({"generate", "x", "--quant", "q1"}), code, "none, q8_0, q6_k, q5_k, q4_k");
  expect_failure(run({"generate", "x", "--infer-method", "y"}), code, "ode, sde");
}

TEST_F(HostileProgram, request_files_are_checked) {
  const fs::path request = outer_.path() / "request.json";
  const std::vector<std::string> words{"request", request.string(), "--quiet"};
  expect_failure(run(words), ErrorCode::NotFound, "request.json");
  replace_bytes(request, "{\"prompt\": ");
  expect_failure(run(words), ErrorCode::CorruptFile, "request.json is not valid JSON");
  replace_bytes(request, R"({"prompt": 7})");
  expect_failure(run(words), ErrorCode::InvalidRequest, "prompt");
  replace_bytes(request, R"({"prompt": "x", "duration_s": 1e999})");
  expect_failure(run(words), ErrorCode::CorruptFile, "request.json");
  replace_bytes(request, "[" + std::string(2 << 20, ' ') + "]");
  expect_failure(run(words), ErrorCode::Unsupported, "bytes");
}

TEST_F(HostileProgram, outputs_are_checked) {
  expect_failure(run(song({"-o", "none/a.wav"})), ErrorCode::NotFound, "'none' does not exist");
  expect_failure(
      run(song({"-o", outer_.path().string() + "/"})), ErrorCode::InvalidRequest, ".wav");
  fs::create_directory(outer_.path() / "folder.wav");
  expect_failure(run(song({"-o", (outer_.path() / "folder.wav").string()})),
                 ErrorCode::InvalidRequest,
                 "is a folder");
  expect_failure(run(song({"-o", std::string(300, 'n') + ".wav"})),
                 ErrorCode::InvalidRequest,
                 "cannot be written");
}

TEST_F(HostileProgram, unwritable_folder_is_named) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(work_, fs::perms::owner_read | fs::perms::owner_exec);
  expect_failure(run(song()), ErrorCode::InvalidRequest, "cannot be written");
}

void limit(decltype(RLIMIT_AS) resource, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(resource, &both);
}

// A limit on the size of files fails a write as a full disk does, but also sends SIGXFSZ.
TEST_F(HostileProgram, full_disk_leaves_no_file) {
  const ProgramResult result = run(song(), [] { limit(RLIMIT_FSIZE, rlim_t{100} << 10); });
  expect_failure(result, ErrorCode::Internal, "song.wav' cannot be written");
}

TEST_F(HostileProgram, little_memory_is_an_error_and_no_abort) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer reserves more than any limit";
#endif
  int failures = 0;
  for (const rlim_t mebibytes : {220u, 240u, 260u}) {
    const ProgramResult result = run(song(), [=] { limit(RLIMIT_AS, mebibytes << 20); });
    if (result.exit_code == 0) {
      fs::remove(work_ / "song.wav");
      continue;
    }
    // Below what its libraries need, the loader ends it before it begins.
    if (result.exit_code == 127) continue;
    ++failures;
    expect_failure(result, ErrorCode::OutOfMemory, "");
  }
  EXPECT_GT(failures, 0);
}

}  // namespace
}  // namespace ams
