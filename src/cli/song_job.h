// Makes one song and writes its files: what the song commands and `request` share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "studio/engine.h"
#include "studio/requests/song_request.h"

namespace ams {

struct SongOutput {
  std::filesystem::path audio = "song.wav";
  std::optional<std::filesystem::path> metadata;  // absent: not written
  bool quiet = false;                             // nothing but errors is printed
};

struct SongJob {
  SongRequest request;   // validated
  EngineOptions engine;  // model and compat come from the request
  SongOutput output;
  std::vector<std::string> warnings;  // from reading the request
};

// Throws NotFound or InvalidRequest if an output file could not be written, before any work;
// Cancelled after Ctrl-C; otherwise as Engine and write_song_file(). Leaves no half file.
// Runs on the calling thread.
void run_song_job(const SongJob& job);

}  // namespace ams
