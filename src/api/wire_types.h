// The objects of the wire, one row for each member: the source of the schemas in /openapi.json and
// of the tables in docs/api.md. Tests hold answers of the server and web/src/api/types.ts against
// it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace ams {

// One member of an object.
struct WireMember {
  std::string_view object;  // "Job"
  std::string_view name;    // "result_id"
  // "string", "integer", "number", "boolean", "object" (anything inside), the name of another
  // object, or values: "queued|running". "[…]": a list of these. A final "?": may be null.
  std::string_view type;
  std::string_view doc;  // one phrase
};

// Sorted by object, as documents show them. Immutable; thread-safe.
std::span<const WireMember> wire_members();

// The names of the objects in that order.
std::vector<std::string_view> wire_objects();

}  // namespace ams
