// A queue on a card. Only for builds with CUDA, but free of CUDA's headers.
#pragma once

#include <memory>

#include "cuda/queue.h"

namespace ams::cuda {

// The card that holds the memory behind a device pointer. Throws Internal if none does.
int card_of(const void* device_pointer);

// A queue with a stream of its own on card `index`. Throws Unsupported for cards before sm_80,
// which have no bf16 tensor cores, OutOfMemory, Internal.
std::unique_ptr<Queue> make_cuda_queue(int index);

}  // namespace ams::cuda
