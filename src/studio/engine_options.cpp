#include "studio/engine.h"

namespace ams {

Fields fields(EngineOptions& options) {
  return {
      {.name = "device",
       .flag = "--device",
       .member = &options.device,
       .choices = {"auto", "cpu", "cuda", "metal", "vulkan"},
       .help = "Where to compute"},
      {.name = "quant",
       .flag = "--quant",
       .member = EnumMember(&options.quant),
       .choices = {"none", "q8_0", "q6_k", "q5_k", "q4_k"},
       .help = "Quantises the weights while they load: less memory, a little less fidelity"},
      {.name = "threads",
       .flag = "--threads",
       .member = &options.threads,
       .range = {1, 1024},
       .when_absent = "one per physical core",
       .help = "Threads of the CPU"},
      {.name = "memory_limit",
       .flag = "--memory-limit",
       .member = &options.memory_limit,
       .range = {0, 32},
       .when_absent = "what is free",
       .help = "Memory that the program may take, for example 8G"},
  };
}

}  // namespace ams
