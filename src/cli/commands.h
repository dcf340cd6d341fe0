// The subcommands. Each function adds one to the program; what the words set lives in a shared
// object that the command's action keeps, so that nothing is global.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "cli/environment.h"

namespace ams {

// Set by the command that was named; main() calls it after the whole command line was read.
using Action = std::function<void()>;

void add_song_commands(CLI::App& program, const Environment& environment, Action& action);
void add_lyrics_command(CLI::App& program, const Environment& environment, Action& action);
void add_request_command(CLI::App& program, const Environment& environment, Action& action);
void add_doctor_command(CLI::App& program, const Environment& environment, Action& action);
void add_make_checkpoint_command(CLI::App& program, const Environment& environment, Action& action);
void add_models_command(CLI::App& program, const Environment& environment, Action& action);
void add_pull_command(CLI::App& program, const Environment& environment, Action& action);
void add_stems_command(CLI::App& program, const Environment& environment, Action& action);
void add_normalise_command(CLI::App& program, const Environment& environment, Action& action);
void add_export_command(CLI::App& program, const Environment& environment, Action& action);
void add_info_command(CLI::App& program, const Environment& environment, Action& action);
void add_lora_command(CLI::App& program, const Environment& environment, Action& action);
void add_bench_command(CLI::App& program, const Environment& environment, Action& action);
void add_serve_command(CLI::App& program, const Environment& environment, Action& action);
void add_quantise_command(CLI::App& program, const Environment& environment, Action& action);

}  // namespace ams
