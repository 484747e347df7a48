// The handler changes where the thread goes on: into `crash`, on the stack of the fiber that faulted.
#include "guard.hpp"

#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <mutex>

#include "fake.hpp"

namespace fake {

namespace {

thread_local void (*crashOfThread)(const void*) = nullptr;
thread_local char* signalStack = nullptr;
struct sigaction before[2];
constexpr int SIGNALS[2] = {SIGSEGV, SIGBUS};
constexpr size_t SIGNAL_STACK = 64 << 10;

#ifdef __x86_64__
void goTo(ucontext_t* context, void (*function)(const void*), const void* argument) {
  auto& registers = context->uc_mcontext.gregs;
  registers[REG_RDI] = reinterpret_cast<greg_t>(argument);
  registers[REG_RIP] = reinterpret_cast<greg_t>(function);
  // Below the red zone of 128 bytes, as if called: 8 less than a multiple of 16.
  registers[REG_RSP] = ((registers[REG_RSP] - 128) & ~greg_t(15)) - 8;
}
#endif

void handle(int signal, siginfo_t* info, void* context) {
#ifdef __x86_64__
  if (crashOfThread != nullptr) return goTo(static_cast<ucontext_t*>(context), crashOfThread, info->si_addr);
#endif
  const struct sigaction& previous = before[signal == SIGBUS];
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  ::signal(signal, SIG_DFL);  // the instruction faults again
}

void install() {
  struct sigaction action{};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int i = 0; i < 2; i++) sigaction(SIGNALS[i], &action, &before[i]);
}

}  // namespace

GuardScope::GuardScope(void (*crash)(const void* address)) {
  static std::once_flag once;
  std::call_once(once, install);
  stack_t current{};
  sigaltstack(nullptr, &current);
  if (current.ss_flags & SS_DISABLE) {
    signalStack = new char[SIGNAL_STACK];
    stack_t own{.ss_sp = signalStack, .ss_flags = 0, .ss_size = SIGNAL_STACK};
    sigaltstack(&own, nullptr);
  }
  crashOfThread = crash;
}

GuardScope::~GuardScope() { crashOfThread = nullptr; }

}  // namespace fake
