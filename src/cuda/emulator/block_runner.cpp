#include "cuda/emulator/block_runner.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/str.h"
#include "cuda/emulator/builtins.h"

namespace ams::simt {
namespace {

constexpr uint32_t kMostLanes = 1024;
constexpr size_t kMostShared = size_t{227} << 10;  // of a block on sm_90

std::string place(const std::source_location& where) {
  const std::string_view file = where.file_name();
  return str(file.substr(file.rfind('/') + 1), ":", where.line());
}

bool same_place(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         std::strcmp(a.file_name(), b.file_name()) == 0;
}

uint32_t bit(size_t lane) { return uint32_t{1} << lane; }

}  // namespace

BlockRunner& BlockRunner::instance() {
  static BlockRunner runner;
  return runner;
}

size_t BlockRunner::lanes_in(size_t warp) const {
  return std::min<size_t>(kWarp, lane_count_ - warp * kWarp);
}

void BlockRunner::launch(Extent3 grid,
                         Extent3 block,
                         size_t shared_bytes,
                         const std::function<void()>& kernel) {
  const uint64_t lanes = uint64_t{block.x} * block.y * block.z;
  if (lanes == 0 || lanes > kMostLanes || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.y > 65535 || grid.z > 65535 || shared_bytes > kMostShared) {
    throw std::logic_error(str("simt: a launch of ",
                               lanes,
                               " threads, grid ",
                               grid.x,
                               " x ",
                               grid.y,
                               " x ",
                               grid.z,
                               ", ",
                               shared_bytes,
                               " bytes of shared memory is not possible on a card"));
  }
  if (is_launching_) throw std::logic_error("simt: a kernel cannot launch another");
  while (lanes_.size() < lanes) lanes_.push_back(std::make_unique<Lane>());
  lane_count_ = static_cast<size_t>(lanes);
  if (!shared_ || shared_->size() != (std::max<size_t>(shared_bytes, 1) + 15) / 16 * 16) {
    shared_ = std::make_unique<GuardedMemory>(shared_bytes);
  }
  is_launching_ = true;
  gridDim = {grid.x, grid.y, grid.z};
  blockDim = {block.x, block.y, block.z};
  try {
    for (blockIdx.z = 0; blockIdx.z < grid.z; ++blockIdx.z) {
      for (blockIdx.y = 0; blockIdx.y < grid.y; ++blockIdx.y) {
        for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x) run_block(kernel);
      }
    }
  } catch (...) {
    reset_after_error();
    throw;
  }
  is_launching_ = false;
}

// The stacks of lanes that never ended are given up without unwinding them.
void BlockRunner::reset_after_error() {
  lanes_.clear();
  is_launching_ = false;
}

void BlockRunner::run_block(const std::function<void()>& kernel) {
  shared_->poison();
  for (size_t i = 0; i < lane_count_; ++i) {
    Lane& lane = *lanes_[i];
    const auto index = static_cast<uint32_t>(i);
    lane.thread = {
        index % blockDim.x, index / blockDim.x % blockDim.y, index / blockDim.x / blockDim.y};
    lane.state = State::Ready;
    lane.error = nullptr;
    lane.fiber.start([&lane, &kernel] {
      try {
        kernel();
      } catch (...) {
        lane.error = std::current_exception();
      }
    });
  }
  for (;;) {
    bool moved = false;
    for (size_t i = 0; i < warp_count(); ++i) {
      moved |= run_warp(order == LaneOrder::Forward ? i : warp_count() - 1 - i);
    }
    const auto is_done = [](const auto& lane) { return lane->state == State::Done; };
    if (std::all_of(
            lanes_.begin(), lanes_.begin() + static_cast<std::ptrdiff_t>(lane_count_), is_done)) {
      return;
    }
    if (!moved) throw_stuck("threads wait for each other at different places");
    release_barrier();
  }
}

bool BlockRunner::run_warp(size_t warp) {
  bool moved = false;
  for (bool again = true; again;) {
    again = false;
    const size_t count = lanes_in(warp);
    for (size_t i = 0; i < count; ++i) {
      const size_t index = warp * kWarp + (order == LaneOrder::Forward ? i : count - 1 - i);
      if (lanes_[index]->state != State::Ready) continue;
      resume(index);
      again = true;
    }
    again |= release_exchange(warp);
    moved |= again;
  }
  return moved;
}

void BlockRunner::resume(size_t index) {
  Lane& lane = *lanes_[index];
  running_ = index;
  threadIdx = lane.thread;
  if (lane.fiber.resume()) return;
  lane.state = State::Done;
  if (lane.error) std::rethrow_exception(lane.error);
  if (!lane.open_copies.empty() || !lane.groups.empty()) {
    throw std::logic_error("simt: a thread ended without waiting for its asynchronous copies");
  }
}

// Lets go of every group of lanes in the warp that is complete.
bool BlockRunner::release_exchange(size_t warp) {
  const size_t first = warp * kWarp;
  const size_t count = lanes_in(warp);
  bool released = false;
  for (size_t i = 0; i < count; ++i) {
    Lane& leader = *lanes_[first + i];
    if (leader.state != State::AtExchange) continue;
    bool complete = true;
    for (size_t j = 0; j < kWarp; ++j) {
      if (!(leader.mask & bit(j))) continue;
      if (j >= count) throw_stuck("a mask names threads that the block does not have");
      const Lane& other = *lanes_[first + j];
      if (other.state == State::Done) throw_stuck("a mask names a thread that has ended");
      complete &= other.state == State::AtExchange;
      if (other.state == State::AtExchange &&
          (other.mask != leader.mask || !same_place(other.where, leader.where))) {
        throw_stuck("threads of one mask stand at different exchanges");
      }
    }
    if (!complete) continue;
    for (size_t j = 0; j < count; ++j) {
      if (!(leader.mask & bit(j))) continue;
      lanes_[first + j]->published = lanes_[first + j]->offered;
      lanes_[first + j]->state = State::Ready;
    }
    ++counters.exchanges;
    released = true;
  }
  return released;
}

void BlockRunner::release_barrier() {
  const Lane* waiting = nullptr;
  for (size_t i = 0; i < lane_count_; ++i) {
    const Lane& lane = *lanes_[i];
    if (lane.state == State::AtBarrier && !waiting) waiting = &lane;
  }
  for (size_t i = 0; i < lane_count_; ++i) {
    const Lane& lane = *lanes_[i];
    if (!waiting || lane.state != State::AtBarrier || !same_place(lane.where, waiting->where)) {
      throw_stuck("not every thread of the block reaches the same barrier");
    }
  }
  for (size_t i = 0; i < lane_count_; ++i) lanes_[i]->state = State::Ready;
  ++counters.barriers;
}

void BlockRunner::throw_stuck(const char* rule) const {
  std::string where;
  for (size_t i = 0; i < lane_count_; ++i) {
    const Lane& lane = *lanes_[i];
    const std::string text = lane.state == State::Done    ? "ended"
                             : lane.state == State::Ready ? "running"
                             : lane.state == State::AtBarrier
                                 ? str("at the barrier of ", place(lane.where))
                                 : str("at the exchange of ", place(lane.where));
    if (where.find(text) == std::string::npos) where += str("; thread ", i, " is ", text);
  }
  throw std::logic_error(
      str("simt: ", rule, " (block ", blockIdx.x, ", ", blockIdx.y, ", ", blockIdx.z, ")", where));
}

void BlockRunner::block_barrier(std::source_location where) {
  Lane& lane = *lanes_[running_];
  lane.state = State::AtBarrier;
  lane.where = where;
  lane.fiber.pause();
}

void BlockRunner::exchange(uint32_t mask,
                           const void* value,
                           size_t bytes,
                           std::source_location where) {
  Lane& me = *lanes_[running_];
  if (!(mask & bit(lane()))) {
    throw std::logic_error(
        str("simt: a thread is not in the mask of its own exchange at ", place(where)));
  }
  if (bytes > kSlotBytes) throw std::logic_error("simt: an exchange of more than 64 bytes");
  std::memcpy(me.offered.data(), value, bytes);
  me.mask = mask;
  me.where = where;
  me.state = State::AtExchange;
  me.fiber.pause();
}

const std::byte* BlockRunner::result(uint32_t source) const {
  return lanes_[running_ / kWarp * kWarp + source]->published.data();
}

uint32_t BlockRunner::lane() const { return static_cast<uint32_t>(running_ % kWarp); }

uint32_t BlockRunner::lanes_of_mask() const { return lanes_[running_]->mask; }

void BlockRunner::async_copy(void* to, const void* from, size_t bytes, size_t filled) {
  const auto misaligned = [&](const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer) % bytes != 0;
  };
  if (misaligned(to) || (filled > 0 && misaligned(from))) {
    throw std::logic_error("simt: an asynchronous copy of a misaligned address");
  }
  std::memset(to, 0xFF, bytes);
  ++counters.async_copies;
  lanes_[running_]->open_copies.push_back(
      {static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes, filled});
}

void BlockRunner::commit_async_group() {
  Lane& lane = *lanes_[running_];
  lane.groups.push_back(std::move(lane.open_copies));
  lane.open_copies.clear();
}

void BlockRunner::wait_async_groups(size_t pending) {
  Lane& lane = *lanes_[running_];
  while (lane.groups.size() > pending) {
    for (const Copy& copy : lane.groups.front()) {
      if (copy.filled > 0) std::memcpy(copy.to, copy.from, copy.filled);
      std::memset(copy.to + copy.filled, 0, copy.bytes - copy.filled);
    }
    lane.groups.pop_front();
  }
}

}  // namespace ams::simt
