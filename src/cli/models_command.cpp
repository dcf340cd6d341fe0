#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/size_text.h"
#include "cli/commands.h"
#include "studio/models/model_list.h"
#include "studio/models/model_uses.h"

namespace ams {
namespace {

namespace fs = std::filesystem;

struct ModelsArguments {
  std::vector<fs::path> folders;
  fs::path test_models;  // empty: there are none
  bool as_json = false;
};

bool has_model(const std::vector<ModelUse>& uses, const std::string& job) {
  return std::any_of(uses.begin(), uses.end(), [&job](const ModelUse& use) {
    return use.job == job && !use.model.empty();
  });
}

Json folder_list(const std::vector<fs::path>& folders) {
  Json list = Json::array();
  for (const fs::path& folder : folders) list.push_back(folder.string());
  return list;
}

Json models_json(const std::vector<ModelEntry>& models,
                 const std::vector<ModelUse>& uses,
                 const std::vector<fs::path>& folders) {
  Json list = Json::array();
  for (const ModelEntry& model : models) {
    Json entry = Json::object();
    entry.set("role", model_role_name(model.role));
    entry.set("name", model.name);
    entry.set("folder", model.folder.string());
    entry.set("bytes", model.weight_bytes);
    entry.set("precision", model_precision(model));
    list.push_back(entry);
  }
  Json jobs = Json::object();
  for (const ModelUse& use : uses) {
    Json entry = Json::object();
    entry.set("model", use.model.empty() ? Json() : Json(use.model));
    entry.set("folders", folder_list(use.folders));
    entry.set("missing", use.missing);
    entry.set("note", use.note);
    jobs.set(use.job, entry);
  }
  Json document = Json::object();
  document.set("schema", "ams.models/1");
  document.set("folders", folder_list(folders));
  document.set("models", list);
  document.set("uses", jobs);
  return document;
}

void print_models(const std::vector<ModelEntry>& models, const std::vector<fs::path>& folders) {
  for (const ModelEntry& model : models) {
    std::cout << std::left << std::setw(14) << model_role_name(model.role) << std::setw(32)
              << model.name << std::right << std::setw(9)
              << size_text(static_cast<uint64_t>(model.weight_bytes)) << "  " << std::left
              << std::setw(6) << model_precision(model) << model.folder.string()
              << (model.weight_bytes == 0 ? "  (weights missing)" : "") << '\n';
  }
  if (!models.empty()) return;
  std::cout << "No models found. Looked in:\n";
  for (const fs::path& folder : folders) std::cout << "  " << folder.string() << '\n';
}

void print_uses(const std::vector<ModelUse>& uses, bool has_test_models) {
  std::cout << "\nUsed if nothing else is asked for:\n";
  for (const ModelUse& use : uses) {
    std::cout << "  " << std::left << std::setw(12) << use.job
              << (use.model.empty() ? "none; " + use.missing : use.model)
              << (use.note.empty() ? "" : ": " + use.note) << '\n';
  }
  if (has_model(uses, "song") || !has_test_models) return;
  std::cout << "Until then songs are noise from the tests' tiny model.\n";
}

void run(const ModelsArguments& arguments) {
  const std::vector<ModelEntry> models = list_models(arguments.folders);
  const std::vector<ModelUse> uses = model_uses(arguments.folders);
  if (arguments.as_json) {
    std::cout << models_json(models, uses, arguments.folders).dump(2) << '\n';
    return;
  }
  print_models(models, arguments.folders);
  print_uses(uses, !arguments.test_models.empty());
}

}  // namespace

void add_models_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("models", "List the models on this machine");
  const auto arguments = std::make_shared<ModelsArguments>();
  arguments->folders = environment.model_folders;
  arguments->test_models = environment.test_models;
  command->add_flag("--json", arguments->as_json, "Print a JSON document");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
