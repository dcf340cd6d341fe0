// Holds a JSON value against a schema, as far as our own schemas go.
#pragma once

#include <string>

#include "base/json.h"

namespace ams {

// Where and how `value` breaks `schema` (type, enum, const, properties, required, items, anyOf,
// oneOf, additionalProperties, $ref into `document`); empty if it does not.
std::string schema_fault(const Json& value, const Json& schema, const Json& document);

}  // namespace ams
