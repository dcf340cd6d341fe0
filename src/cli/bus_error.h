// What happens when a mapped file is cut short by another program.
#pragma once

namespace ams {

// Weight files are mapped, so a file that loses its end while it is in use cannot be read any more,
// and the kernel says so by SIGBUS. From now on that ends the process with one line on standard
// error and the exit code of a corrupt file. There is no way back into the computation: ggml's
// kernels stand between the fault and any code of ours that could clean up.
void report_bus_errors();

}  // namespace ams
