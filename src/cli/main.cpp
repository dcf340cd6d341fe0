#include "cli/program.h"
#include "cli/thread_waits.h"

int main(int argc, char** argv) {
  ams::limit_thread_waits(argv);
  return ams::run_program(argc, argv);
}
