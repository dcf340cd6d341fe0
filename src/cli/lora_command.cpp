#include <iomanip>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/str.h"
#include "cli/commands.h"
#include "studio/lora/lora_check.h"
#include "studio/lora/lora_choice.h"
#include "studio/lora/lora_presets.h"

namespace ams {
namespace {

using Folders = std::vector<std::filesystem::path>;

constexpr double kMebibyte = 1024.0 * 1024.0;

// Where the preset lies, or why it cannot be used.
std::string preset_state(const LoraPreset& preset, const Folders& folders) {
  try {
    return find_lora(std::string(preset.name), folders).string();
  } catch (const Error& error) {
    return error.code() == ErrorCode::NotFound ? "not on this machine" : "fits no ACE-Step 1.5";
  }
}

void list_presets(const Folders& folders) {
  std::cout << std::fixed << std::setprecision(2);
  for (const LoraPreset& preset : lora_presets()) {
    std::cout << preset.name << " (" << preset.made_for << ", strength " << preset.default_scale
              << "): " << preset_state(preset, folders) << "\n  " << preset.hf_id << '\n';
  }
}

// A preset has no 'list' among its names; a folder of that name is reached as ./list.
void run(const std::string& name, const Folders& folders) {
  if (name == "list") {
    list_presets(folders);
    return;
  }
  const LoraFacts facts = check_lora(name, folders);
  std::cout << std::fixed << std::setprecision(1) << facts.name << ": " << facts.kind << ", rank "
            << facts.rank << ", alpha " << facts.alpha << ", " << facts.modules << " modules, "
            << static_cast<double>(facts.bytes) / kMebibyte << " MiB\n"
            << "  file       " << facts.path.string() << '\n';
  if (facts.hidden_size > 0) {
    std::cout << "  made for   "
              << (facts.made_for.empty() ? "a model of no published size" : facts.made_for)
              << " (width " << facts.hidden_size << ", layers up to " << facts.layers << ")\n";
  }
  std::string models;
  for (const std::string& model : facts.fitting_models) {
    models += str(models.empty() ? "" : ", ", model);
  }
  std::cout << "  fits here  " << (models.empty() ? "no model on this machine" : models) << '\n';
  if (facts.ignored_tensors > 0) {
    std::cout << "  left out   " << facts.ignored_tensors << " tensors that are no part of it\n";
  }
}

}  // namespace

void add_lora_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand(
      "lora", "Check an adapter by its header, or list the presets: ams lora list");
  const auto name = std::make_shared<std::string>();
  command->add_option("adapter", *name, "File, folder or preset; list: the presets")
      ->type_name("FILE|FOLDER|list")
      ->required();
  Folders folders = environment.model_folders;
  if (!environment.test_models.empty()) folders.push_back(environment.test_models);
  command->callback(
      [name, folders, &action] { action = [name, folders] { run(*name, folders); }; });
}

}  // namespace ams
