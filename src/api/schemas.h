// JSON schemas (draft 2020-12, as OpenAPI 3.1 takes it) of requests and answers.
#pragma once

#include <string_view>

#include "base/fields.h"
#include "base/json.h"

namespace ams {

// All named schemas: those of wire_members(), events, and a request for each mode from its rows.
Json schemas_json();

// Of an object with these rows; groups are objects in it. Nothing is required.
Json fields_schema(const Fields& fields);

// {"$ref": "#/components/schemas/NAME"}.
Json schema_reference(std::string_view name);

}  // namespace ams
