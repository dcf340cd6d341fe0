// The diffusion transformer on kernels of our own for a card, where the build has them.
#pragma once

#include <memory>
#include <string>

#include "nets/dit.h"

namespace ams {

// Confined to the worker thread.
class NativeDenoiser : public Denoiser {
 public:
  // Why bind() would use the portable Dit, as a clause ("'…' is q8_0, not bf16"); empty if it would
  // not. Only once the weights are loaded.
  virtual std::string misfit() const = 0;
};

// Reads the weights of `dit`, which must outlive it and computes what does not fit. Throws
// Unsupported if this build has no kernels for dit.device(). Nothing is started before bind().
std::unique_ptr<NativeDenoiser> make_native_denoiser(Dit& dit);

}  // namespace ams
