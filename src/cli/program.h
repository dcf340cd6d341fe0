// The program behind main(): reads the command line, runs one command, turns errors into exit
// codes.
#pragma once

namespace ams {

// Exit code: 0, or the one of the error's code. One line on standard error per error.
int run_program(int argc, const char* const* argv);

}  // namespace ams
