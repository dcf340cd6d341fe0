// The option tables of the page: the rows of every mode with what a form needs besides.
#pragma once

#include "base/json.h"
#include "studio/sampling_defaults.h"

namespace ams {

// GET /options. `defaults` of the selected model stand where a request leaves a number to the
// model. Rows without a label are left out: they are for the API only.
Json options_json(const SamplingDefaults& defaults);

}  // namespace ams
