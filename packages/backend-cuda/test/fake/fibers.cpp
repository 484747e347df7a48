// A switch saves the registers that a function call keeps (System V ABI, AMD64 supplement, figure 3.4) and exchanges the stack pointers.
// ucontext does the same with two system calls; it serves other processors.
#include "fibers.hpp"

#include <sys/mman.h>

#include <new>

#ifndef FIBERS_BY_UCONTEXT
asm(R"(
.text
.type fake_cuda_switch,@function
fake_cuda_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
extern "C" void fake_cuda_switch(void** save, void* load);
#endif

namespace fake {

Fiber::Fiber() {
  void* memory = mmap(nullptr, GUARD + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, GUARD, PROT_NONE);
  stack_ = static_cast<char*>(memory);
}

Fiber::~Fiber() { munmap(stack_, GUARD + STACK); }

#ifdef FIBERS_BY_UCONTEXT

void Fiber::prepare(void (*body)()) {
  getcontext(&own_);
  own_.uc_stack = {.ss_sp = stack_ + GUARD, .ss_flags = 0, .ss_size = STACK};
  own_.uc_link = nullptr;
  makecontext(&own_, body, 0);
}
void Fiber::resume() { swapcontext(&other_, &own_); }
void Fiber::suspend() { swapcontext(&own_, &other_); }

#else

void Fiber::prepare(void (*body)()) {
  // Stacks start at different lines of the cache: at equal offsets of pages they would all compete for one set.
  size_t colour = reinterpret_cast<size_t>(stack_) / (GUARD + STACK) % 16 * 64;
  void** top = reinterpret_cast<void**>(stack_ + GUARD + STACK - 64 - colour);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(body);
  for (int i = 0; i < 6; i++) *--top = nullptr;
  own_ = top;
}
void Fiber::resume() { fake_cuda_switch(&other_, own_); }
void Fiber::suspend() { fake_cuda_switch(&own_, other_); }

#endif

}  // namespace fake
