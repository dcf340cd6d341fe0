// The numbers of `ams bench` as a document, schema "ams.bench/1".
#pragma once

#include "base/json.h"
#include "studio/bench/bench.h"

namespace ams {

Json bench_json(const BenchReport& report);

}  // namespace ams
