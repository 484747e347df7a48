// Turns a fault of the processor in a kernel into an error of the driver.
#pragma once

namespace fake {

// While it lives, a fault of this thread calls `crash` on the fiber that faulted, which must not return. Other threads are not touched.
class GuardScope {
 public:
  explicit GuardScope(void (*crash)(int signal, const void* address));
  ~GuardScope();
  GuardScope(const GuardScope&) = delete;
  GuardScope& operator=(const GuardScope&) = delete;
};

}  // namespace fake
