#include "cli/device_flags.h"

#include "cli/field_flags.h"

namespace ams {

void add_device_flags(CLI::App& command, const Environment& environment, EngineOptions& options) {
  if (!environment.device.empty()) options.device = environment.device;
  Fields rows = fields(options);
  std::erase_if(rows, [](const Field& row) { return row.name == "quant"; });
  add_flags(command, rows);
}

}  // namespace ams
