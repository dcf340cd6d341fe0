#include "cli/thread_waits.h"

#include <cstdlib>

#include <unistd.h>

namespace ams {

void limit_thread_waits(char** argv) {
  constexpr const char* kSpins = "2000";  // some 40 us, longer than threads of an idle machine wait
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  if (setenv("GOMP_SPINCOUNT", kSpins, /*overwrite=*/1) != 0) return;
  // Returns only if it fails, and then everything works as before, with longer waits.
  execv("/proc/self/exe", argv);
}

}  // namespace ams
