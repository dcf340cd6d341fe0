// What quantising a song model costs: the latents of a whole guided loop against those of bf16.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tensor/device.h"
#include "tensor/weight_format.h"

namespace ams {

struct FormatComparisonOptions {
  std::filesystem::path dit;  // a song model's folder
  int64_t frames = 250;       // latent frames, 25 a second
  int64_t steps = 27;
  double guidance_scale = 7.0;
  std::vector<Precision> formats = {
      Precision::Q8_0, Precision::Q6_K, Precision::Q5_K, Precision::Q4_K};
};

struct FormatResult {
  Precision precision;
  size_t weight_bytes = 0;
  double cosine = 1.0;             // of the final latents with those of bf16
  double relative_l2 = 0.0;        // of their difference
  double step_seconds = 0.0;       // of a guided step
  double processor_seconds = 0.0;  // of the same step, of all threads
};

// bf16 first, then the formats in their order. All start from the same noise and the same seeded
// conditions. `observe` gets each result as it comes. Confined to the worker thread; throws as
// loading and sampling.
std::vector<FormatResult> compare_formats(const FormatComparisonOptions& options,
                                          const Device& device,
                                          const std::function<void(const FormatResult&)>& observe);

}  // namespace ams
