#include <algorithm>
#include <exception>
#include <iomanip>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace ams {
namespace {

const char* mark_of(CheckState state) {
  return state == CheckState::Good ? "ok  " : state == CheckState::Warning ? "note" : "BAD ";
}

void run(const ServerSettings& settings) {
  const std::vector<DoctorCheck> checks = run_checks(settings);
  for (const DoctorCheck& check : checks) {
    std::cout << mark_of(check.state) << "  " << std::left << std::setw(13) << check.name
              << check.found << '\n';
    if (!check.advice.empty()) std::cout << std::string(19, ' ') << "-> " << check.advice << '\n';
  }
  const auto bad = std::count_if(checks.begin(), checks.end(), [](const DoctorCheck& check) {
    return check.state == CheckState::Bad;
  });
  if (bad == 0) return;
  throw Error(ErrorCode::InvalidRequest,
              str("doctor: ",
                  bad,
                  " of ",
                  checks.size(),
                  bad == 1 ? " checks is bad" : " checks are bad",
                  "; what to do is below each"));
}

}  // namespace

void add_doctor_command(CLI::App& program, const Environment& environment, Action& action) {
  CLI::App* command = program.add_subcommand(
      "doctor", "Check disk, memory, device, codecs, models and port, and say what to do");
  const auto settings = std::make_shared<ServerSettings>();
  std::exception_ptr fault;
  try {
    *settings = read_server_settings(environment);
  } catch (const Error&) {
    fault = std::current_exception();
  }
  add_server_flags(*command, *settings);
  command->callback([settings, fault, &action] {
    action = [settings, fault] {
      if (fault) std::rethrow_exception(fault);
      run(*settings);
    };
  });
}

}  // namespace ams
