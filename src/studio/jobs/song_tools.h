// The tools of studio/post behind the post-processing lane.
#pragma once

#include <memory>

#include "studio/jobs/studio_parts.h"
#include "studio/post/stems.h"

namespace ams {

// Stems, loudness, MP3 and FLAC. The separator is loaded with the first stems and stays; its device
// should be "cpu" where the engine has the accelerator. Throws nothing by itself.
std::unique_ptr<PostProcessor> open_song_tools(const StemOptions& stems);

}  // namespace ams
