// How parity tests see the values inside a network.
#pragma once

#include <functional>
#include <string_view>

#include "base/array.h"
#include "tensor/graph.h"

namespace ams {

// Called after a run, once per tapped value, in the network's order. Empty: nothing is kept.
using TapObserver = std::function<void(std::string_view name, const FloatArray& value)>;

// Hands the taps of a graph that has run to the observer, if there is one.
inline void report_taps(const Graph& graph, const TapObserver& observer) {
  if (!observer) return;
  for (const Tap& tap : graph.taps()) observer(tap.name, graph.get(tap.value));
}

}  // namespace ams
