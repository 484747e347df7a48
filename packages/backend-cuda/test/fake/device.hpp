// Devices and their primary contexts.
#pragma once
#include <atomic>
#include <string>

#include "fake.hpp"

namespace fake {

struct Device {
  int index = 0;
  std::atomic<int> retained{0};
  // The error that every call returns from now on, until the context is released and retained again.
  std::atomic<int> lost{0};
  // Records what happened and loses the context. Returns `status`.
  int lose(int status, const std::string& message);
};

// The device whose context is current in this thread. `status` says why there is none, or that it is lost.
Device* currentDevice(int& status);

#define CONTEXT(device)                                \
  int contextStatus_ = 0;                              \
  [[maybe_unused]] fake::Device* const device = fake::currentDevice(contextStatus_); \
  if (contextStatus_ != 0) return contextStatus_

// Is this thread recording a stream? Then calls that may wait are refused (streams.cpp).
bool isCapturing();
// Runs all that was ordered on the device's streams (streams.cpp).
int synchronize(Device& device);
// Ends what belongs to the device: streams, events, graphs (streams.cpp), modules (modules.cpp).
void releaseStreamsOf(Device& device);
void releaseModulesOf(Device& device);

}  // namespace fake
