// Device and pinned memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace fake {

// Is [address, address + bytes) inside one live allocation of any device?
bool isDeviceRange(uint64_t address, size_t bytes);
bool isPinned(const void* address, size_t bytes);
// What was written outside of allocations, in words; empty where nothing was.
std::string checkRedzones();
// Bytes that count for `failAfter` start at 0 again.
void resetAsked();
// Frees what a device still holds when its context ends.
void releaseMemoryOf(int device);
uint64_t liveBytes(int device);

}  // namespace fake
