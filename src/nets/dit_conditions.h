// What every implementation of the diffusion transformer does with its conditions first.
#pragma once

#include <cstdint>
#include <span>

#include "nets/dit.h"

namespace ams {

// Throws InvalidRequest if shapes disagree with each other or the network.
void check_conditions(const Dit& dit, const DenoiserConditions& conditions);

// Throws Internal unless all spans have `expected` values; `unconditional` may be empty.
void check_velocity_sizes(size_t expected,
                          std::span<const float> latents,
                          std::span<const float> conditional,
                          std::span<const float> unconditional);

// Copies [B, T, C] into [B, T + T % 2, C]; the added frame keeps what `to` holds there.
void pad_frames(std::span<const float> from, int64_t batch, std::span<float> to);

}  // namespace ams
