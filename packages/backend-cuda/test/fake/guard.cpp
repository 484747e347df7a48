// The handler changes where the thread goes on: into `crash`, on the stack of the fiber that faulted.
#include "guard.hpp"

#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <iterator>
#include <mutex>

namespace fake {

namespace {

using Crash = void (*)(int signal, const void* address);
thread_local Crash crashOfThread = nullptr;
thread_local char* signalStack = nullptr;
// Of an address, and of a division that the host cannot do.
constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE};
struct sigaction before[std::size(SIGNALS)];
constexpr size_t SIGNAL_STACK = 64 << 10;

#ifdef __x86_64__
void goTo(ucontext_t* context, Crash function, int signal, const void* address) {
  auto& registers = context->uc_mcontext.gregs;
  registers[REG_RDI] = signal;
  registers[REG_RSI] = reinterpret_cast<greg_t>(address);
  registers[REG_RIP] = reinterpret_cast<greg_t>(function);
  // Below the red zone of 128 bytes, as if called: 8 less than a multiple of 16.
  registers[REG_RSP] = ((registers[REG_RSP] - 128) & ~greg_t(15)) - 8;
}
#endif

void handle(int signal, siginfo_t* info, void* context) {
#ifdef __x86_64__
  if (crashOfThread != nullptr) return goTo(static_cast<ucontext_t*>(context), crashOfThread, signal, info->si_addr);
#endif
  const struct sigaction& previous = before[std::find(std::begin(SIGNALS), std::end(SIGNALS), signal) - std::begin(SIGNALS)];
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  ::signal(signal, SIG_DFL);  // the instruction faults again
}

void install() {
  struct sigaction action{};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (size_t i = 0; i < std::size(SIGNALS); i++) sigaction(SIGNALS[i], &action, &before[i]);
}

}  // namespace

GuardScope::GuardScope(Crash crash) {
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
