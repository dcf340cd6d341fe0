// The server itself, as the wire has it: GET /info and GET /models.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "studio/jobs/studio.h"
#include "studio/studio_survey.h"

namespace ams {

// What the engine says of itself once it is open, what the survey found before.
Json server_info_json(const StudioState& state, const EngineSurvey& survey);

// The models on this machine, then those that can be fetched: `offers`, which also tells which of
// the former are not whole. `state` says which model is selected and whether it is loaded.
Json models_json(std::span<const StudioModel> models,
                 std::span<const DownloadOffer> offers,
                 const StudioState& state,
                 const EngineSurvey& survey);

}  // namespace ams
