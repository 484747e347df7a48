// Threads of one system thread that switch among themselves: the threads of a block wait for one another in the middle of a kernel.
#pragma once
#include <cstddef>
#if !defined(__x86_64__) || defined(FAKE_CUDA_UCONTEXT)
#define FIBERS_BY_UCONTEXT
#include <ucontext.h>
#endif

namespace fake {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // The fiber will run `body` from its start, which must never return, when `resume` is next called.
  void prepare(void (*body)());
  // Runs the fiber until it calls `suspend`.
  void resume();
  // Back to who resumed it.
  void suspend();

 private:
  static constexpr size_t STACK = 64 << 10, GUARD = 4096;
  char* stack_;  // grows down to a page that nobody may touch
#ifdef FIBERS_BY_UCONTEXT
  ucontext_t own_, other_;
#else
  void* own_ = nullptr;
  void* other_ = nullptr;
#endif
};

}  // namespace fake
