// What a song will take, and how it is made to fit.
//
// Policy. The networks of a song stay in memory from song to song as long as everything fits. If
// the largest stage does not fit, these measures are tried in this order, each on top of those
// before it, until it does; one that does not lower the largest stage is left out again:
//   1. the planner leaves before the other networks work (reading it again costs seconds a song);
//   2. every network is there only in its own stage (costs reading all weights once a song);
//   3. the codec works on smaller tiles (a little is computed twice);
//   4. the halves of a guided step run one after the other (costs some speed, no quality);
//   5. weights are quantised, to q8_0, q6_k, q5_k_m, q4_k_m (costs some fidelity), unless the user
//      chose a format.
// Nothing of 1 to 4 changes what is heard. Once it fits, those of 1 to 4 that a later one has made
// needless are undone. What does not fit at all is refused, with numbers.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tensor/weight_format.h"

namespace ams {

// The parts of a song model that can be in memory apart from each other.
enum class SongNetwork { TextEncoder, SongModel, Codec, Planner };
inline constexpr size_t kNumSongNetworks = 4;
std::string_view song_network_name(SongNetwork network);  // "text encoder"

struct MemoryMeasures {
  bool drops_planner = false;
  bool keeps_one_network = false;
  bool small_tiles = false;
  bool splits_guidance = false;
  Precision precision = Precision::BF16;
  bool operator==(const MemoryMeasures&) const = default;
};

// One stage of a song. All sizes in bytes.
struct StageNeeds {
  std::string name;     // "diffusion"
  SongNetwork network;  // the one that works
  size_t buffers = 0;   // caches and intermediate values on the device
  size_t host = 0;      // arrays of the program
};

struct MemoryNeeds {
  std::array<size_t, kNumSongNetworks> weights{};  // 0: the song does not use it
  size_t program = 0;                              // held whatever happens
  size_t scratch = 0;                              // of the device, for all stages
  std::vector<StageNeeds> stages;
};

struct MemoryBudget {
  size_t bytes = 0;
  bool refuses = false;       // false: the figure is an estimate; the smallest plan is tried then
  bool counts_host = true;    // false: the device has memory of its own
  bool may_quantise = false;  // the user left the format open
};

struct PlannedStage {
  std::string name;
  size_t weights = 0;
  size_t buffers = 0;  // with scratch space
  size_t host = 0;     // with the program
  size_t total() const { return weights + buffers + host; }
};

struct MemoryPlan {
  MemoryMeasures measures;
  std::vector<PlannedStage> stages;
  size_t available = 0;
  bool fits = true;

  size_t peak() const;
  // "bf16, one network at a time, small tiles"
  std::string choice() const;
  // For logs, `ams doctor` and people: the choice first, then a line a stage.
  std::vector<std::string> lines() const;
};

// What a song needs under given measures.
using MeasureNeeds = std::function<MemoryNeeds(const MemoryMeasures&)>;

// Throws OutOfMemory if nothing fits and the budget refuses.
MemoryPlan plan_memory(Precision precision,
                       const MemoryBudget& budget,
                       const MeasureNeeds& measure);

// "8G", "1.5 GiB", "800M": bytes, K, M, G and T are powers of 1024. Throws InvalidRequest.
size_t parse_bytes(std::string_view text);
std::string describe_bytes(size_t bytes);  // "5.31 GiB"

}  // namespace ams
