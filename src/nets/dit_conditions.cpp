#include "nets/dit_conditions.h"

#include <algorithm>

#include "base/error.h"
#include "base/str.h"

namespace ams {

void check_conditions(const Dit& dit, const DenoiserConditions& conditions) {
  const std::vector<int64_t>& states = conditions.encoder_states.shape;
  const std::vector<int64_t>& context = conditions.context_latents.shape;
  const int64_t width = dit.encoder_hidden_size();
  const int64_t channels = 2 * dit.latent_channels();
  const bool fits = states.size() == 3 && context.size() == 3 && states[0] == context[0] &&
                    states[0] > 0 && states[1] > 0 && context[1] > 0 && states[2] == width &&
                    context[2] == channels;
  if (fits) return;
  throw Error(ErrorCode::InvalidRequest,
              str("dit: encoder states ",
                  shape_str(states),
                  " and context ",
                  shape_str(context),
                  " do not fit; expected [B, L, ",
                  width,
                  "] and [B, T, ",
                  channels,
                  "]"));
}

void pad_frames(std::span<const float> from, int64_t batch, std::span<float> to) {
  const size_t from_row = from.size() / static_cast<size_t>(batch);
  const size_t to_row = to.size() / static_cast<size_t>(batch);
  for (size_t b = 0; b < static_cast<size_t>(batch); ++b) {
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(b * from_row),
                from_row,
                to.begin() + static_cast<std::ptrdiff_t>(b * to_row));
  }
}

void check_velocity_sizes(size_t expected,
                          std::span<const float> latents,
                          std::span<const float> conditional,
                          std::span<const float> unconditional) {
  const bool guided = !unconditional.empty();
  if (latents.size() == expected && conditional.size() == expected &&
      (!guided || unconditional.size() == expected)) {
    return;
  }
  throw Error(ErrorCode::Internal,
              str("dit: ",
                  latents.size(),
                  " latents and ",
                  conditional.size(),
                  " velocities given, expected ",
                  expected));
}

}  // namespace ams
