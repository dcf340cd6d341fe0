// A stack of its own for one lane of the emulator, entered and left without the kernel's help.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "cuda/emulator/guarded_memory.h"

namespace ams::simt {

// Runs a function that may pause itself. Confined to one thread; a fiber is resumed and paused
// there only. The function must not throw.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Takes another function; the one before must have ended.
  void start(std::function<void()> work);
  // Runs until the function pauses or ends. Returns false once it has ended.
  bool resume();
  // Called from inside: back to resume().
  void pause();

 private:
  struct Context;
  static void enter(Fiber* fiber);

  GuardedMemory stack_;
  std::unique_ptr<Context> context_;
  std::function<void()> work_;
  bool is_running_ = false;
};

}  // namespace ams::simt
