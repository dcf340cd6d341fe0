// How long threads that compute wait for each other before they let others have the processor.
#pragma once

namespace ams {

// Where a processor is shared (a browser beside the studio, two programs), a thread whose partner
// is not running must not spin for milliseconds: with OpenMP's default a song on two busy cores
// took 56 s instead of 2.4 s, and on idle ones it makes no difference. The OpenMP library reads the
// limit only from the environment and before main(), so the program starts itself anew with it set,
// once. Does nothing if the user has set GOMP_SPINCOUNT or OMP_WAIT_POLICY, or where the program
// cannot be started again. Call before any thread exists; argv ends with a null pointer.
void limit_thread_waits(char** argv);

}  // namespace ams
