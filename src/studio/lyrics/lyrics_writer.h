// Writes lyrics with a Qwen2.5 or Qwen3 chat model. Independent of the song models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "studio/engine.h"
#include "studio/requests/lyrics_request.h"

namespace ams {

// What a job gets from its caller. Progress has the stages "loading" and "writing"; `step` counts
// tokens of `total`. Callbacks run on the worker thread and must be quick.
struct LyricsContext : JobContext {
  // New text, whole UTF-8 characters. The draft's final text is the normalised form of all of it.
  std::function<void(std::string_view)> text = [](std::string_view) {};
};

// Why a draft ends: the model closed its turn, it wrote an end marker, or the limit was reached.
enum class LyricsStop { EndOfTurn, Marker, Length };

std::string_view lyrics_stop_name(LyricsStop stop);  // "end_of_turn", "marker", "length"

struct LyricsDraft {
  std::string text;    // tagged sections, ends with a line feed; empty if the model wrote nothing
  int64_t tokens = 0;  // written by the model
  int64_t prompt_tokens = 0;  // read by it
  LyricsStop stop_reason = LyricsStop::EndOfTurn;
  int64_t seed = 0;                   // the one used, never -1
  std::string model;                  // name of the folder that was loaded
  std::string device;                 // as in SongReport
  std::string device_name;            // as in SongReport
  std::string precision;              // "bf16", "q8_0"
  std::vector<std::string> warnings;  // sentences for the user: a section that is missing
  double load_seconds = 0;            // reading weights
  double wall_seconds = 0;            // reading the prompt and writing, without loading
};

// Confined to the worker thread. Holds the weights from the first draft on; destroy it to free
// them.
class LyricsWriter {
 public:
  // Finds the model; weights load with the first draft. Of `options`, `model` is here the name or
  // folder of a lyrics model; `compat` and `test_models` are not used. Throws NotFound, saying what
  // to install, CorruptFile, Unsupported, InvalidRequest (device).
  static std::unique_ptr<LyricsWriter> open(const EngineOptions& options);

  virtual ~LyricsWriter() = default;

  // `request` must have passed validate(); a model that it names replaces the loaded one. Checks
  // `context.stop` at every token. Throws Cancelled, OutOfMemory, InvalidRequest if the brief does
  // not fit the model's context, and whatever open() throws.
  virtual LyricsDraft write(const LyricsRequest& request, const LyricsContext& context) = 0;

  // Reads the weights now. Throws as write().
  virtual void preload(const LyricsContext& context) = 0;

  virtual size_t weight_bytes() const = 0;  // on the device; 0 before they are read
};

}  // namespace ams
