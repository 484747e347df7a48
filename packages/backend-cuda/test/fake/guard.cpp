// The handler changes where the thread goes on: into `crash`, on the stack of the fiber that faulted.
#include "guard.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <sstream>

namespace fake {

namespace {

using Crash = void (*)(const Fault& fault);
thread_local Crash crashOfThread = nullptr;
thread_local Fault lastFault;
thread_local char* signalStack = nullptr;
// Of an address, of a division that the host cannot do, of a sanitizer's check.
constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction before[std::size(SIGNALS)];
constexpr size_t SIGNAL_STACK = 64 << 10;

#ifdef __x86_64__
// Makes the thread go on in `function`.
void goTo(ucontext_t* context, Crash function, int signal, const void* address) {
  auto& registers = context->uc_mcontext.gregs;
  lastFault = {signal, address, reinterpret_cast<const void*>(registers[REG_RIP])};
  registers[REG_RDI] = reinterpret_cast<greg_t>(&lastFault);
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

std::string sourceLine(const void* instruction) {
  Dl_info info;
  if (dladdr(instruction, &info) == 0) return "";
  std::ostringstream command;
  command << "addr2line -e '" << info.dli_fname << "' " << std::hex << static_cast<const char*>(instruction) - static_cast<const char*>(info.dli_fbase) << " 2>/dev/null";
  FILE* output = popen(command.str().c_str(), "r");
  char line[512] = "";
  if (output == nullptr) return "";
  if (std::fgets(line, sizeof line, output) == nullptr) line[0] = 0;
  pclose(output);
  std::string text = line, name = text.substr(text.rfind('/') + 1);
  name.erase(std::min(name.find_first_of(" \n"), name.size()));
  return name.empty() || name[0] == '?' ? "" : " (" + name + ")";
}

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
