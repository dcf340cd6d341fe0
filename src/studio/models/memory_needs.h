// The bytes that a song takes stage by stage, found by a run on a device that only measures.
#pragma once

#include <array>
#include <cstdint>

#include "nets/oobleck.h"
#include "studio/models/memory_plan.h"
#include "studio/models/song_model_files.h"
#include "tensor/device.h"

namespace ams {

// What decides the size of a song's buffers.
struct SongSize {
  int64_t frames = 0;       // latent frames, 25 a second
  int64_t text_tokens = 0;  // of the prompt
  int64_t lyric_tokens = 0;
  bool is_guided = false;
  int64_t conditions = 1;      // prompts that the song is bound to at the same time
  int64_t source_samples = 0;  // of audio that is encoded; 0: none
  int64_t codes = 0;           // of the planner; 0: it does not run
  int64_t planner_prompt = 0;  // tokens of its prompt
  bool is_planner_guided = false;
  bool operator==(const SongSize&) const = default;
};

// Memory of the codec's windows under given measures.
OobleckMemory codec_memory(const MemoryMeasures& measures);

// Declares the networks of `files` and runs every stage without values: some milliseconds.
// `program` is left 0. Throws as loading does for files that do not fit.
MemoryNeeds measure_needs(const SongModelFiles& files,
                          const Device& device,
                          const SongSize& size,
                          const MemoryMeasures& measures);

// The same for the weights of all networks alone, those of the planner included where there is one.
std::array<size_t, kNumSongNetworks> measure_weights(const SongModelFiles& files,
                                                     const Device& device,
                                                     Precision precision);

// Memory of this process that lies in RAM, in bytes; 0 where it cannot be read.
size_t resident_bytes();
// Memory that programs on this machine may still take, in bytes; 0 where it cannot be read.
size_t free_ram_bytes();

}  // namespace ams
