// Device memory that the caller holds, as a sorted table: any address that a command names is looked up in it.
#pragma once
#include <algorithm>
#include <vector>

#include "session.hpp"

/** Memory that is freed with this object. */
class DeviceMemory {
 public:
  DeviceMemory(const Session& session, size_t bytes) : session(session) { session.cuda(session.cuda.cuMemAlloc, &address, bytes); }
  DeviceMemory(const DeviceMemory&) = delete;
  ~DeviceMemory() { session.cuda.cuMemFree.address(address); }

  const Session& session;
  abi::CUdeviceptr address = 0;
};

/** Bytes of device memory that something will touch. */
struct MemoryUse {
  uint64_t address, bytes;

  auto operator<=>(const MemoryUse&) const = default;
};

class Allocations {
 public:
  explicit Allocations(const Session& session) : session(session) {}
  ~Allocations() {
    for (const Range& range : ranges) session.cuda.cuMemFree.address(range.start);
  }

  uint64_t allocate(size_t bytes) {
    // Room first, so that nothing fails once the memory is ours.
    if (ranges.size() == ranges.capacity()) ranges.reserve(2 * ranges.size() + 16);
    abi::CUdeviceptr address = 0;
    session.cuda(session.cuda.cuMemAlloc, &address, bytes);
    ranges.insert(after(address), Range{address, address + bytes});
    return address;
  }

  /** Commands in the stream may use the memory, and the driver's documentation does not promise that it waits for them. */
  void release(uint64_t address) {
    const Range* range = find(address);
    if (!range || range->start != address) throw Refusal{"no allocation starts at " + std::to_string(address)};
    session.synchronize();
    session.cuda(session.cuda.cuMemFree, abi::CUdeviceptr(address));
    ranges.erase(ranges.begin() + (range - ranges.data()));
    releases++;
  }

  /** How often memory was released: while this is the same, what was live is live. */
  uint64_t released() const { return releases; }

  bool contains(uint64_t address) const { return find(address) != nullptr; }

  /** Do all of these bytes lie in one allocation? */
  bool contains(uint64_t address, uint64_t bytes) const {
    if (bytes == 0) return true;
    const Range* range = find(address);
    return range && bytes <= range->end - address;
  }

 private:
  struct Range {
    uint64_t start, end;
  };

  std::vector<Range>::iterator after(uint64_t address) {
    return std::upper_bound(ranges.begin(), ranges.end(), address, [](uint64_t a, const Range& range) { return a < range.start; });
  }

  /** The allocation around an address. Neighbours in a command buffer are often of one segment, so tries the last one first. */
  const Range* find(uint64_t address) const {
    if (last < ranges.size() && address >= ranges[last].start && address < ranges[last].end) return &ranges[last];
    const auto next = const_cast<Allocations*>(this)->after(address);
    if (next == ranges.begin() || address >= (next - 1)->end) return nullptr;
    last = next - 1 - ranges.begin();
    return &ranges[last];
  }

  const Session& session;
  std::vector<Range> ranges;
  uint64_t releases = 0;
  mutable size_t last = 0;
};
