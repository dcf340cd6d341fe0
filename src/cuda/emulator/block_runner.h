// Runs the threads ("lanes") of one block of a CUDA kernel as fibers and keeps its rules.
//
// Lanes run one after the other until each stands at a collective operation: a barrier of the block
// or an exchange within its warp. An exchange goes on once every lane of its mask has arrived at
// the same place of the source, a barrier once all lanes of the block have. What cannot go on, and
// lanes that end while others wait for them, are errors that name the places in the source.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <vector>

#include "cuda/emulator/fiber.h"
#include "cuda/emulator/guarded_memory.h"

namespace ams::simt {

struct Index3 {
  uint32_t x = 0, y = 0, z = 0;
};

struct Extent3 {
  uint32_t x = 1, y = 1, z = 1;
  Extent3() = default;
  Extent3(uint32_t x_, uint32_t y_ = 1, uint32_t z_ = 1) : x(x_), y(y_), z(z_) {}  // as dim3
};

// The order in which lanes and warps run between two collectives. A kernel without races gives the
// same bytes in every order.
enum class LaneOrder { Forward, Backward };

// What a launch did; sums over all blocks since the last reset.
struct Counters {
  int64_t barriers = 0;         // of blocks
  int64_t exchanges = 0;        // of warps
  int64_t tensor_products = 0;  // mma of warps
  int64_t matrix_loads = 0;     // ldmatrix: 8x8 matrices
  int64_t bank_conflicts = 0;   // rows of an 8x8 matrix that had to wait for another one
  int64_t async_copies = 0;     // cp.async of lanes
};

// One block at a time. Confined to one thread; there is one runner a process, instance().
class BlockRunner {
 public:
  static constexpr uint32_t kWarp = 32;
  static constexpr size_t kSlotBytes = 64;
  using Slot = std::array<std::byte, kSlotBytes>;

  static BlockRunner& instance();

  // Runs `kernel` once for each lane of each block. `shared_bytes` of NaN are what
  // shared_memory() points to. Throws std::logic_error if the kernel breaks a rule, and whatever
  // the kernel throws.
  void launch(Extent3 grid,
              Extent3 block,
              size_t shared_bytes,
              const std::function<void()>& kernel);

  // The following are called by running lanes.
  void* shared_memory() const { return shared_->data(); }
  void block_barrier(std::source_location where);
  // Shows `bytes` (64 at most) to the lanes of `mask` and waits for theirs; result(lane) is valid
  // until this lane's next exchange.
  void exchange(uint32_t mask, const void* value, size_t bytes, std::source_location where);
  const std::byte* result(uint32_t lane) const;
  uint32_t lane() const;           // within the warp
  uint32_t lanes_of_mask() const;  // mask of the running lane's last exchange
  // cp.async: the bytes arrive when the lane waits for their group, and are NaN until then.
  void async_copy(void* to, const void* from, size_t bytes, size_t filled);
  void commit_async_group();
  void wait_async_groups(size_t pending);

  LaneOrder order = LaneOrder::Forward;
  Counters counters;

 private:
  enum class State { Ready, AtBarrier, AtExchange, Done };
  struct Copy {
    std::byte* to;
    const std::byte* from;
    size_t bytes, filled;
  };
  struct Lane {
    Fiber fiber;
    State state = State::Done;
    std::source_location where;
    Index3 thread;
    uint32_t mask = 0;
    Slot offered{};
    Slot published{};
    std::vector<Copy> open_copies;
    std::deque<std::vector<Copy>> groups;
    std::exception_ptr error;
  };

  BlockRunner() = default;
  void run_block(const std::function<void()>& kernel);
  bool run_warp(size_t warp);  // until nothing in it can go on; false if nothing moved
  bool release_exchange(size_t warp);
  void release_barrier();
  void resume(size_t index);
  void reset_after_error();
  [[noreturn]] void throw_stuck(const char* rule) const;
  size_t warp_count() const { return (lane_count_ + kWarp - 1) / kWarp; }
  size_t lanes_in(size_t warp) const;

  std::vector<std::unique_ptr<Lane>> lanes_;
  size_t lane_count_ = 0;
  size_t running_ = 0;
  bool is_launching_ = false;
  std::unique_ptr<GuardedMemory> shared_;
};

}  // namespace ams::simt
