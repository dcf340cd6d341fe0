// What a finished song tells about how it was made: the engine's part of the metadata document.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "studio/models/memory_plan.h"
#include "studio/requests/sampling_options.h"

namespace ams {

// The weight files that were loaded, each as folder name and revision or hash where known
// ("acestep-v15-xl-sft"). A network that was not needed is empty.
struct LoadedModels {
  std::string dit;
  std::string lm;
  std::string text_encoder;
  std::string vae;
};

// What the planner chose; a field it left open is empty.
struct PlannedSong {
  std::string caption = {};
  std::optional<int64_t> bpm = {};
  std::string keyscale = {};
  std::string timesignature = {};
  std::string vocal_language = {};
};

// An audio file of the request.
struct SongInput {
  std::string role = {};    // the request's member: "seed_audio"
  std::string sha256 = {};  // of the file
  double duration_seconds = 0;
  int64_t sample_rate = 0;  // Hz
  int64_t channels = 0;
};

// One adapter that the song was made with.
struct SongLora {
  std::string name = {};
  std::string kind = {};  // "preset" or "custom"
  double scale = 0;       // strength
  std::string sha256 = {};
  int64_t rank = 0;
  double alpha = 0;
  int64_t modules_applied = 0;  // matrices that it changed
};

// A value type.
struct SongReport {
  std::string device;                // "cpu", "cuda", "metal", "vulkan"
  std::string device_name;           // "NVIDIA H100 80GB HBM3"
  std::string precision;             // "bf16", "f32", "q8_0"
  std::optional<MemoryPlan> memory;  // how it was shared out, worked out before the song
  LoadedModels models;
  int64_t seed = 0;                 // the one used, never absent
  std::optional<int64_t> sde_seed;  // the one used; absent with method ode
  AdvancedOptions advanced;         // as used: the model's defaults filled in
  bool lm_used = false;             // the planner ran
  std::optional<PlannedSong> lm_result;
  std::vector<SongInput> inputs;
  int64_t inputs_reused = 0;    // encodings of audio that an earlier song had left behind
  std::vector<SongLora> loras;  // in the order of the request
  std::vector<std::string> ignored_params;  // wire names without effect in this run
  std::vector<std::string> warnings;        // sentences for the user
  double load_seconds = 0;                  // reading weights
  double wall_seconds = 0;                  // making the song, without loading
};

}  // namespace ams
