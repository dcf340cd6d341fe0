// What a mode makes of its request before rendering, and what it does with the rendered audio.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "audio/audio_buffer.h"
#include "studio/engine.h"
#include "studio/models/song_model.h"
#include "studio/modes/render_song.h"
#include "studio/requests/song_controls.h"
#include "studio/song_report.h"

namespace ams {

// Borrowed for the call.
struct ModeContext {
  SongModel& model;
  const JobContext& job;
  const LoadObserver& loading;
  SongReport& report;  // modes add inputs, warnings and what the planner chose
};

struct SongDraft {
  SongSpec spec;
  // From the decoded audio to the song. Runs once.
  std::function<AudioBuffer(AudioBuffer)> finish;
};

// A spec with what all modes fill in alike. Seeds, steps, shift and guidance of `controls` are set.
SongSpec spec_of(const SongControls& controls, ModelKind kind);

// The user's own tempo, key, time signature and language.
SongMetadata metadata_of(const SongControls& controls);

// The marker that stands for "no vocals" where there are no lyrics.
std::string lyrics_or_instrumental(std::string_view lyrics);

// Peak of a song that is new from start to end, as the reference's default.
inline constexpr double kSongPeakDbfs = -1.0;

// Seconds -> the nearest sample.
int64_t to_samples(double seconds, int64_t sample_rate);

}  // namespace ams
