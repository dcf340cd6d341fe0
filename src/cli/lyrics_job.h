// Writes one draft of lyrics and its files: what `lyrics` and `request` share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "studio/engine.h"
#include "studio/requests/lyrics_request.h"

namespace ams {

struct LyricsOutput {
  std::optional<std::filesystem::path> text;      // absent: standard output
  std::optional<std::filesystem::path> metadata;  // absent: not written
  bool quiet = false;                             // nothing but lyrics and errors is printed
};

struct LyricsJob {
  LyricsRequest request;  // validated
  EngineOptions engine;   // model comes from the request
  LyricsOutput output;
  std::vector<std::string> warnings;  // from reading the request
};

// Shows the text as it is written if standard output is a terminal; anywhere else the final text
// comes in one piece. Throws NotFound or InvalidRequest if an output file could not be written,
// before any work; Cancelled after Ctrl-C; otherwise as LyricsWriter. Leaves no half file.
// Runs on the calling thread.
void run_lyrics_job(const LyricsJob& job);

}  // namespace ams
