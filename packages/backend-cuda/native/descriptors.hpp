// Descriptors of cuBLASLt and cuDNN as objects.
#pragma once
#include <utility>

#include "libraries.hpp"

/** A descriptor and the function that destroys it. */
template <class T>
class Descriptor {
 public:
  template <class Library, class... P, class... A>
  Descriptor(const Library& library, const abi::Function<T*, P...>& create, const abi::Function<T>& destroy, A&&... arguments)
      : destroy(destroy.address) {
    library(create, &handle, std::forward<A>(arguments)...);
  }
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { destroy(handle); }

  operator T() const { return handle; }

 private:
  int (*destroy)(T);
  T handle = nullptr;
};
