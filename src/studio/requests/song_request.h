// A request of any song mode.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fields.h"
#include "studio/requests/cover_request.h"
#include "studio/requests/edit_request.h"
#include "studio/requests/extend_request.h"
#include "studio/requests/generate_request.h"

namespace ams {

using SongRequest = std::variant<GenerateRequest, CoverRequest, ExtendRequest, EditRequest>;

// The modes in the order of the variant: "generate", "cover", "extend", "edit".
std::vector<std::string> song_modes();

std::string_view mode_of(const SongRequest& request);

// An untouched request. Throws InvalidRequest on an unknown mode.
SongRequest make_song_request(std::string_view mode);

// What the alternatives share.
SongControls& controls_of(SongRequest& request);
const SongControls& controls_of(const SongRequest& request);
std::string_view prompt_of(const SongRequest& request);
std::string_view lyrics_of(const SongRequest& request);

// The rows of the alternative; they point into the argument.
Fields fields(SongRequest& request);

// The rows of the alternative that only its mode has: no prompt, lyrics, length or controls.
Fields mode_fields(SongRequest& request);

// As validate() of the alternative.
void validate(SongRequest& request);

}  // namespace ams
