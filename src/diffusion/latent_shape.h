// Shape and checks of a batch of latents: row-major [B, T, C], channels fastest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ams {

struct LatentShape {
  int64_t batch = 1;     // B, songs
  int64_t frames = 0;    // T, 25 a second
  int64_t channels = 0;  // C

  size_t item_size() const { return static_cast<size_t>(frames * channels); }
  size_t size() const { return static_cast<size_t>(batch) * item_size(); }
  bool operator==(const LatentShape&) const = default;
};

// Throws InvalidRequest unless all sizes are positive and the product is small enough to allocate.
void validate(const LatentShape& shape);

// Throws Internal if a value is infinite or NaN, which would decode to silence or noise.
void require_finite(std::span<const float> latents);

}  // namespace ams
