#include "cuda/emulator/fiber.h"

#include <cstdint>
#include <cstdlib>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace ams::simt {
namespace {

constexpr size_t kStackBytes = size_t{1} << 16;

}  // namespace

#if defined(__x86_64__)

// swapcontext() asks the kernel for the signal mask each time: 20 times as slow as this.
extern "C" void ams_simt_switch(void** save, void* load);
asm(R"(
.text
.align 16
.type ams_simt_switch, @function
ams_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size ams_simt_switch, .-ams_simt_switch
)");

struct Fiber::Context {
  void* inside = nullptr;
  void* outside = nullptr;
};

namespace {

Fiber* starting = nullptr;
void (*starting_entry)(Fiber*) = nullptr;

void first_frame() {
  starting_entry(starting);
  std::abort();  // enter() never returns
}

}  // namespace

void Fiber::start(std::function<void()> work) {
  work_ = std::move(work);
  is_running_ = true;
  constexpr size_t kSavedRegisters = 6;
  auto* top = reinterpret_cast<void**>(stack_.data() + stack_.size());
  *--top = nullptr;  // where first_frame() would return to; keeps the stack aligned as after a call
  *--top = reinterpret_cast<void*>(&first_frame);
  for (size_t i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  context_->inside = top;
}

bool Fiber::resume() {
  starting = this;
  starting_entry = &Fiber::enter;
  ams_simt_switch(&context_->outside, context_->inside);
  return is_running_;
}

void Fiber::pause() { ams_simt_switch(&context_->inside, context_->outside); }

#else

struct Fiber::Context {
  ucontext_t inside{};
  ucontext_t outside{};
};

namespace {

Fiber* starting = nullptr;
void (*starting_entry)(Fiber*) = nullptr;

void first_frame() { starting_entry(starting); }

}  // namespace

void Fiber::start(std::function<void()> work) {
  work_ = std::move(work);
  is_running_ = true;
  getcontext(&context_->inside);
  context_->inside.uc_stack.ss_sp = stack_.data();
  context_->inside.uc_stack.ss_size = stack_.size();
  context_->inside.uc_link = nullptr;
  makecontext(&context_->inside, first_frame, 0);
}

bool Fiber::resume() {
  starting = this;
  starting_entry = &Fiber::enter;
  swapcontext(&context_->outside, &context_->inside);
  return is_running_;
}

void Fiber::pause() { swapcontext(&context_->inside, &context_->outside); }

#endif

Fiber::Fiber() : stack_(kStackBytes), context_(std::make_unique<Context>()) {}

Fiber::~Fiber() = default;

void Fiber::enter(Fiber* fiber) {
  fiber->work_();
  fiber->is_running_ = false;
  fiber->pause();
}

}  // namespace ams::simt
