// `quantise` and `make-checkpoint`: commands that write weight files.
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/size_text.h"
#include "base/str.h"
#include "cli/commands.h"
#include "studio/bench/network_sizes.h"
#include "studio/models/model_list.h"
#include "studio/weights/make_checkpoint.h"
#include "studio/weights/model_weights.h"
#include "studio/weights/quantise_model.h"
#include "studio/weights/source_identity.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

struct QuantiseArguments {
  std::string model;
  std::string format;
  std::string output;
  std::vector<fs::path> model_folders;
};

// The folder of a model that is given by path or by name.
fs::path model_folder(const QuantiseArguments& arguments) {
  std::error_code ignored;
  if (fs::is_regular_file(fs::path(arguments.model) / "config.json", ignored)) {
    return fs::canonical(arguments.model);
  }
  std::string known;
  for (const ModelEntry& entry : list_models(arguments.model_folders)) {
    if (entry.name == arguments.model) return entry.folder;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorCode::NotFound,
              str("quantise: '",
                  arguments.model,
                  "' is neither a folder with a config.json nor one of: ",
                  known.empty() ? "none installed" : known));
}

void run(const QuantiseArguments& arguments) {
  const Precision precision = parse_precision(arguments.format);
  if (precision == Precision::F32) {
    throw Error(ErrorCode::InvalidRequest,
                "quantise: format is 'f32', expected one of: bf16, q8_0, q6_k, q5_k_m, q4_k_m");
  }
  const fs::path folder = model_folder(arguments);
  fs::path output = arguments.output;
  if (output.empty()) output = folder / str("model-", precision_info(precision).name, ".gguf");
  if (output.extension() != ".gguf") {
    throw Error(ErrorCode::InvalidRequest,
                str("quantise: output is '", output.string(), "', expected a name in .gguf"));
  }
  // The published files, or else the finest GGUF file of the folder.
  const auto source = open_model_weights(folder, Precision::BF16, {});
  const QuantisedFile written =
      quantise_model(folder, source, precision, source_identity(folder), output);
  const fs::path target = fs::absolute(output).parent_path();
  if (target != folder) copy_companions(folder, target);
  std::cout << written.path.string() << ": " << size_text(written.bytes) << " of "
            << size_text(written.source_bytes) << '\n';
}

void run(const CheckpointOptions& options) {
  make_checkpoint(options, [](std::string_view folder) { std::cout << folder << std::endl; });
}

}  // namespace

void add_quantise_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("quantise", "Write a smaller copy of a model");
  const auto arguments = std::make_shared<QuantiseArguments>();
  arguments->model_folders = environment.model_folders;
  command->add_option("model", arguments->model, "Name or folder of one model")
      ->type_name("MODEL")
      ->required();
  command->add_option("--format", arguments->format, "bf16, q8_0, q6_k, q5_k_m or q4_k_m")
      ->type_name("TEXT")
      ->required();
  command->add_option("-o,--output", arguments->output, "The file (default: beside the original)")
      ->type_name("FILE");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

void add_make_checkpoint_command(CLI::App& program, const Environment&, Action& action) {
  CLI::App* command = program.add_subcommand(
      "make-checkpoint", "Test tool: write a full-size checkpoint of random numbers");
  const auto options = std::make_shared<CheckpointOptions>();
  std::string names;
  for (const std::string& name : network_size_names()) names += (names.empty() ? "" : ", ") + name;
  command->add_option("--config", options->config, "Sizes: " + names)
      ->type_name("TEXT")
      ->required();
  command->add_option("--out", options->folder, "Folder to make it in")
      ->type_name("FOLDER")
      ->required();
  command->add_option("--seed", options->seed, "Of the random numbers (default: 1)")
      ->type_name("NUMBER");
  command->callback([options, &action] { action = [options] { run(*options); }; });
}

}  // namespace ams
