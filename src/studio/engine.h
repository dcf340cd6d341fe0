// The engine: from a request to a song. The one door between the front ends and the networks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "audio/audio_buffer.h"
#include "base/fields.h"
#include "studio/models/memory_plan.h"
#include "studio/requests/song_request.h"
#include "studio/song_report.h"

namespace ams {

// Formats that weights are quantised to while they load.
enum class Quantisation { None, Q8_0, Q6K, Q5K, Q4K };

struct EngineOptions {
  std::string model;            // name or folder; empty: the best one present
  std::string planner;          // name; empty: the best one that fits the model
  std::string device = "auto";  // auto, cpu, cuda, metal, vulkan
  Quantisation quant = Quantisation::None;
  std::optional<int64_t> threads;  // of the CPU; absent: one per physical core
  std::string memory_limit;        // "8G" for weights, buffers and program; empty: what is free
  Compatibility compat = Compatibility::None;
  std::vector<std::filesystem::path> model_folders;  // where names are looked up, best first
  std::filesystem::path quant_cache;  // folder of quantised weights; empty: none are kept
  std::filesystem::path test_models;  // used where no song model is there at all; may be empty
};

// Rows for what the machine decides (device, quant, threads); the rest comes with the request.
Fields fields(EngineOptions& options);

// One moment of a job.
struct Progress {
  std::string_view stage;  // "loading", "planning", "encoding", "diffusion", "decoding"
  double fraction = 0;     // of the stage, 0 to 1
  int64_t step = 0;        // of `total`, for stages that count; else 0
  int64_t total = 0;
  std::string_view message = {};  // more for people; may be empty
};

// What a job gets from its caller. Callbacks run on the worker thread and must be quick.
struct JobContext {
  std::stop_token stop;
  std::function<void(const Progress&)> progress = [](const Progress&) {};
  // Once, as soon as the planner has fixed its metadata and before it writes audio codes.
  std::function<void(const PlannedSong&)> plan = [](const PlannedSong&) {};
  bool smallest_tiles = false;  // decode with the least memory, at the cost of time
};

// What can be said of an engine between two songs.
struct EngineFacts {
  std::string device = {};                // as in SongReport
  std::string device_name = {};           // as in SongReport
  std::string precision = {};             // "bf16", "f32", "q8_0"
  std::string model = {};                 // of the folder in use
  bool has_planner = false;               // beside that model
  size_t weight_bytes = 0;                // on the device now
  size_t missing_bytes = 0;               // of weights that the next song may still load; about
  std::optional<size_t> free_bytes = {};  // of the device; absent: it shares the host's memory
};

struct SongResult {
  AudioBuffer audio;  // stereo, 48 kHz, within 0.1 s of the requested length
  SongReport report;
};

// Confined to the worker thread.
class Engine {
 public:
  // Finds the model and reads its configuration; weights load with the first song that needs them.
  // Throws NotFound, CorruptFile, Unsupported, InvalidRequest (device), OutOfMemory.
  static std::unique_ptr<Engine> open(const EngineOptions& options);

  virtual ~Engine() = default;

  // `request` must have passed validate(); an absent seed is drawn. Checks `job.stop` at least once
  // a step. Throws Cancelled, OutOfMemory, whatever open() throws, what read_song_input() says of
  // audio files, and open_lora() and LoraStack::apply() of adapters.
  virtual SongResult generate(const SongRequest& request, const JobContext& job) = 0;

  // Reads now what the first usual song would: all networks that may be in memory together. Checks
  // `job.stop` between them. Throws Cancelled and what generate() throws while loading.
  virtual void preload(const JobContext& job) = 0;

  virtual EngineFacts facts() const = 0;
  // How memory would be shared out now for a usual song of this length, in seconds. Throws
  // OutOfMemory where the song would be refused.
  virtual std::optional<MemoryPlan> forecast(double /*seconds*/) { return std::nullopt; }
  // How memory was shared out for the last song; nothing before the first.
  virtual std::optional<MemoryPlan> memory_plan() const { return std::nullopt; }
};

}  // namespace ams
