// Which loops a processor other than x86-64 runs.
#include "tensor/kernels/peak_sets.h"

namespace ams {

PeakLoops peak_loops() { return {detail::peak_generic, detail::peak_generic}; }

}  // namespace ams
