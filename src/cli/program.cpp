#include "cli/program.h"

#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

#include "base/build_info.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/bus_error.h"
#include "cli/commands.h"
#include "cli/environment.h"

namespace ams {
namespace {

int report(ErrorCode code, std::string message) {
  for (char& character : message) {
    if (character == '\n') character = ' ';
  }
  std::cerr << "ams: " << message << std::endl;
  return error_code_info(code).exit_code;
}

// CLI11 would only say that a command is missing.
void require_known_command(const CLI::App& program, int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word.rfind('-', 0) == 0) return;
  std::string names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return;
    names += str(names.empty() ? "" : ", ", command->get_name());
  }
  throw Error(ErrorCode::InvalidRequest,
              str("command line: command is '", word, "', expected one of: ", names));
}

void parse(CLI::App& program, int argc, const char* const* argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw;  // help and version
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::InvalidRequest, str("command line: ", error.what(), "; see ams --help"));
  }
}

void run_command(int argc, const char* const* argv) {
  const Environment environment = read_environment();
  if (environment.log_level) set_log_level(*environment.log_level);

  CLI::App program("ACE Music Studio: complete songs from text", "ams");
  program.set_version_flag("--version", str("ams ", version(), " (commit ", commit(), ")"));
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  Action action;
  add_serve_command(program, environment, action);
  add_song_commands(program, environment, action);
  add_lyrics_command(program, environment, action);
  add_request_command(program, environment, action);
  add_models_command(program, environment, action);
  add_pull_command(program, environment, action);
  add_stems_command(program, environment, action);
  add_normalise_command(program, environment, action);
  add_export_command(program, environment, action);
  add_info_command(program, environment, action);
  add_lora_command(program, environment, action);
  add_bench_command(program, environment, action);
  add_doctor_command(program, environment, action);
  add_make_checkpoint_command(program, environment, action);
  add_quantise_command(program, environment, action);
  require_known_command(program, argc, argv);
  try {
    parse(program, argc, argv);
  } catch (const CLI::Success& success) {
    program.exit(success);
    return;
  }
  action();
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  // A file size limit shall be an error of the write, as a full disk is, not the end of the
  // program.
  std::signal(SIGXFSZ, SIG_IGN);
  report_bus_errors();
  try {
    run_command(argc, argv);
    return 0;
  } catch (const Error& error) {
    return report(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(ErrorCode::OutOfMemory,
                  "out of memory; try a shorter duration, --quant q8_0 or close other programs");
  } catch (const std::system_error& error) {
    // The standard library's word for no memory for one more thread.
    const bool is_full = error.code() == std::errc::resource_unavailable_try_again;
    return is_full ? report(ErrorCode::OutOfMemory, "out of memory: no thread can be started")
                   : report(ErrorCode::Internal, str("internal error: ", error.what()));
  } catch (const std::exception& error) {
    return report(ErrorCode::Internal, str("internal error: ", error.what()));
  }
}

}  // namespace ams
