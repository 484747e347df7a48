// Turns a fault of the processor in a kernel into an error of the driver.
#pragma once

#include <string>

namespace fake {

struct Fault {
  int signal;
  const void* address;      // that was accessed
  const void* instruction;  // that accessed it
};

// " (program.cu:12)" where the code of the instruction knows its lines, which g++'s does.
std::string sourceLine(const void* instruction);

// While it lives, a fault of this thread calls `crash` on the fiber that faulted, which must not return. Other threads are not touched.
class GuardScope {
 public:
  explicit GuardScope(void (*crash)(const Fault& fault));
  ~GuardScope();
  GuardScope(const GuardScope&) = delete;
  GuardScope& operator=(const GuardScope&) = delete;
};

}  // namespace fake
