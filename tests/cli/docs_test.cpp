// Runs the commands that the pages of docs/modes show, with the tiny checkpoints, in their order.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/encode.h"
#include "support/program_run.h"
#include "support/test_song.h"
#include "unit/nets/formula_weights.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = AMS_TEST_SOURCE_DIR;
const fs::path kCheckpoints = kSource / "tests/golden/data/checkpoints";

// Lines of an indented block that are commands.
std::vector<std::string> commands_of(const fs::path& page) {
  std::vector<std::string> commands;
  std::istringstream text(file_text(page));
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("    ams ", 0) == 0) commands.push_back(line.substr(4));
  }
  return commands;
}

// The command with the test's program, and songs made short: five seconds, few steps, one network
// call each and no planner. All other words stay.
std::string quick(const std::string& command) {
  std::string line = AMS_TEST_PROGRAM + command.substr(3);
  const std::regex song("^ams (generate|cover|extend|edit) ");
  if (!std::regex_search(command, song)) return line;
  line = std::regex_replace(line, std::regex("--duration [0-9]+"), "--duration 5");
  return line +
         " --inference-steps 8 --guidance-scale 1 --no-thinking --no-use-cot-caption"
         " --no-use-cot-metas --no-use-cot-language";
}

std::vector<std::string> pages() {
  std::vector<std::string> names;
  for (const std::string& name : file_names(kSource / "docs/modes")) {
    if (fs::path(name).extension() == ".md") names.push_back(fs::path(name).stem().string());
  }
  return names;
}

// What the pages take for granted: a song, a clip, an adapter, and models.
class DocsOfModes : public testing::TestWithParam<std::string> {
 protected:
  DocsOfModes() {
    fs::create_directories(models() / "loras/Chinese New Year");
    fs::create_directories(models() / "demucs");
    fs::create_directories(work());
    fs::create_directory_symlink(kCheckpoints, models() / "tiny");
    const fs::path adapter = kCheckpoints / "adapters/lora_a";
    fs::copy(adapter, work() / "my-adapter");
    for (const char* name : {"adapter_model.safetensors", "adapter_config.json"}) {
      fs::copy(adapter / name, models() / "loras/Chinese New Year" / name);
    }
    home_.write("models/demucs/htdemucs.safetensors",
                FormulaWeights(tiny_htdemucs()).safetensors());
    home_.write(
        "models/demucs/htdemucs.json",
        R"({"kwargs":{"sources":["drums","bass","other","vocals"],"segment":1,"channels":8,)"
        R"("dconv_comp":4,"dconv_mode":3,"bottom_channels":32}})");
    write_audio_file(work() / "song.wav", make_test_song({.seconds = 16.5}), {});
    write_audio_file(work() / "clip.wav", make_test_song({.seconds = 4.0}), {});
    setenv("AMS_MODEL_DIR", models().c_str(), 1);
    setenv("AMS_DEVICE", "cpu", 1);
  }

  fs::path models() const { return home_.path() / "models"; }
  fs::path work() const { return home_.path() / "work"; }

  const TemporaryFolder home_;
};

TEST_P(DocsOfModes, shown_commands_run) {
  const std::vector<std::string> commands =
      commands_of(kSource / "docs/modes" / (GetParam() + ".md"));
  ASSERT_FALSE(commands.empty()) << "the page shows no command";
  const ProgramRunner shell("sh", work());
  for (const std::string& command : commands) {
    const ProgramResult result = shell.run({"-c", quick(command)});
    EXPECT_EQ(result.exit_code, 0) << command << '\n' << result.err;
  }
}

INSTANTIATE_TEST_SUITE_P(pages, DocsOfModes, testing::ValuesIn(pages()), [](const auto& page) {
  return page.param;
});

}  // namespace
}  // namespace ams
