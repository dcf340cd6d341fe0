#include "api/bench_json.h"

#include "base/build_info.h"

namespace ams {

Json bench_json(const BenchReport& report) {
  Json ceilings = Json::object();
  ceilings.set("fp32_gflops", report.fp32_gflops);
  ceilings.set("bf16_gflops", report.bf16_gflops);
  ceilings.set("read_gb_per_second", report.read_gb_per_second);

  Json stages = Json::array();
  for (const BenchStage& stage : report.stages) {
    Json row = Json::object();
    row.set("name", stage.name);
    row.set("unit", stage.unit);
    row.set("median", stage.median);
    row.set("spread", stage.spread);
    row.set("share_of_ceiling", stage.share_of_ceiling ? Json(*stage.share_of_ceiling) : Json());
    row.set("processor_ms", stage.processor_ms ? Json(*stage.processor_ms) : Json());
    stages.push_back(row);
  }

  Json document = Json::object();
  document.set("schema", "ams.bench/1");
  document.set("version", version());
  document.set("commit", commit());
  document.set("device", report.device);
  document.set("device_name", report.device_name);
  document.set("threads", report.threads);
  document.set("implementation", report.implementation);
  document.set("config", report.config);
  document.set("precision", report.precision);
  document.set("peak_memory_bytes", report.peak_memory_bytes);
  document.set("ceilings", ceilings);
  document.set("stages", stages);
  return document;
}

}  // namespace ams
