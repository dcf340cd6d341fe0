#include "cli/program.h"

int main(int argc, char** argv) { return ams::run_program(argc, argv); }
