#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "studio/models/model_list.h"

namespace ams {
namespace {

constexpr double kGigabyte = 1e9;

void run(const std::vector<std::filesystem::path>& folders) {
  const std::vector<ModelEntry> models = list_models(folders);
  for (const ModelEntry& model : models) {
    std::cout << std::left << std::setw(14) << model_role_name(model.role) << std::setw(32)
              << model.name << std::right << std::fixed << std::setprecision(2) << std::setw(7)
              << static_cast<double>(model.weight_bytes) / kGigabyte << " GB  "
              << model.folder.string() << (model.weight_bytes == 0 ? "  (weights missing)" : "")
              << '\n';
  }
  if (!models.empty()) return;
  std::cout << "No models found. Looked in:\n";
  for (const std::filesystem::path& folder : folders) std::cout << "  " << folder.string() << '\n';
}

}  // namespace

void add_models_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("models", "List the models on this machine");
  command->callback(
      [folders = environment.model_folders, &action] { action = [folders] { run(folders); }; });
}

}  // namespace ams
