#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "base/error.h"
#include "base/size_text.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress_display.h"
#include "studio/models/model_downloads.h"

namespace ams {
namespace {

struct PullArguments {
  std::vector<std::string> names;
  std::string revision;  // empty: the newest
  bool is_list = false;
  bool quiet = false;
  HubOptions hub;
};

std::vector<ModelDownload> named_downloads(const std::vector<std::string>& names) {
  std::vector<ModelDownload> downloads;
  for (const std::string& name : names) downloads.push_back(find_model_download(name));
  return downloads;
}

std::string state_of(const ModelDownload& download, const HubOptions& hub) {
  const LocalDownload local = find_downloaded(download, hub);
  if (local.is_complete) return "installed";
  return local.bytes > 0 ? size_text(static_cast<uint64_t>(local.bytes)) + " of it" : "-";
}

void print_list(const PullArguments& arguments) {
  const std::vector<ModelDownload> downloads =
      arguments.names.empty() ? model_downloads() : named_downloads(arguments.names);
  std::cout << std::left << std::setw(18) << "name" << std::right << std::setw(10) << "size"
            << "  " << std::left << std::setw(17) << "here"
            << "what\n";
  for (const ModelDownload& download : downloads) {
    std::cout << std::left << std::setw(18) << download.name << std::right << std::setw(10)
              << (download.bytes > 0 ? size_text(static_cast<uint64_t>(download.bytes)) : "small")
              << "  " << std::left << std::setw(17) << state_of(download, arguments.hub)
              << download.kind << ": " << download.help << '\n';
  }
  if (!arguments.names.empty()) return;
  std::cout << "Song models come with VAE, text encoder and planner, which are shared. Any other "
               "repository: ORG/NAME.\n";
}

void print_result(const ModelDownload& download, const std::vector<PulledItem>& items) {
  int64_t bytes = 0;
  int64_t fetched = 0;
  for (const PulledItem& item : items) {
    bytes += item.bytes;
    fetched += item.bytes_fetched;
  }
  std::cout << download.name << ": " << size_text(static_cast<uint64_t>(bytes)) << ", "
            << (fetched == 0 ? "all of it was here"
                             : size_text(static_cast<uint64_t>(fetched)) + " fetched")
            << '\n';
  for (const PulledItem& item : items) std::cout << "  " << item.folder.string() << '\n';
}

void run(const PullArguments& arguments) {
  if (arguments.is_list) return print_list(arguments);
  if (arguments.names.empty()) {
    throw Error(ErrorCode::InvalidRequest, "pull: NAME is missing; `ams pull --list` shows them");
  }
  const std::vector<ModelDownload> downloads = named_downloads(arguments.names);
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  const ProgressStyle style = arguments.quiet ? ProgressStyle::Silent
                              : is_terminal   ? ProgressStyle::Terminal
                                              : ProgressStyle::Plain;
  const std::stop_source stop;
  const InterruptGuard guard(stop);
  for (const ModelDownload& download : downloads) {
    ProgressDisplay display(std::cerr, style);
    const PullContext context{
        .stop = stop.get_token(),
        .progress = [&display](const PullProgress& progress) { display.update(progress); }};
    try {
      const std::vector<PulledItem> items =
          download_model(download, arguments.revision, arguments.hub, context);
      display.finish();
      if (!arguments.quiet) print_result(download, items);
    } catch (...) {
      display.finish();
      throw;
    }
  }
}

}  // namespace

void add_pull_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand("pull", "Download models and adapters");
  const auto arguments = std::make_shared<PullArguments>();
  arguments->hub = environment.hub;
  command
      ->add_option("name", arguments->names, "Names of `ams pull --list`, or ORG/NAME on the Hub")
      ->type_name("NAME");
  command->add_option("--revision", arguments->revision, "Branch, tag or commit (default main)")
      ->type_name("R");
  command
      ->add_option_function<std::string>(
          "--dir",
          [arguments](const std::string& word) { arguments->hub.plain = word; },
          "Put plain files into this folder, not into the shared cache")
      ->type_name("FOLDER");
  command->add_flag("--list", arguments->is_list, "Show what can be pulled and what is here");
  command->add_flag("--quiet,-q", arguments->quiet, "Print nothing but errors");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
