// Device memory: heap memory between two red zones, filled with NaN bytes before use and after; freed memory waits a while, so that a late
// write to it is seen. With `guard` an allocation ends where a page ends that nobody may touch.
#include "memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <sstream>

#include "device.hpp"
#include "fake.hpp"

// There where AddressSanitizer's library is loaded: it then sees accesses to red zones by kernels that g++ -fsanitize=address compiled.
extern "C" __attribute__((weak)) void __asan_poison_memory_region(const void* address, size_t bytes);
extern "C" __attribute__((weak)) void __asan_unpoison_memory_region(const void* address, size_t bytes);

namespace fake {

namespace {

constexpr size_t ALIGNMENT = 256, REDZONE = 256, PAGE = 4096;
constexpr unsigned char REDZONE_BYTE = 0xa5, FRESH_BYTE = 0xff, FREED_BYTE = 0xfe;
constexpr size_t QUARANTINE = 16 << 20;

struct Allocation {
  char* base;        // what malloc or mmap gave
  size_t reserved;   // from base on
  size_t bytes;
  int device;
  bool guarded;
  bool poisoned;
};

using Allocations = std::map<uint64_t, Allocation>;

struct Pinned {
  size_t bytes;
  int device;
};

std::mutex& lock = *new std::mutex;
Allocations& live = *new Allocations;
std::map<uint64_t, Pinned>& pinned = *new std::map<uint64_t, Pinned>;
std::deque<std::pair<uint64_t, Allocation>>& quarantine = *new std::deque<std::pair<uint64_t, Allocation>>;
size_t quarantined = 0;
uint64_t asked = 0;
uint64_t used[64];
Live liveMemory{"memory"}, livePinned{"pinned"};

size_t roundedUp(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

// [red zone][bytes][rest up to the alignment, red zone]
char* plainMemory(Allocation& a) {
  a.reserved = REDZONE + roundedUp(a.bytes, ALIGNMENT) + REDZONE;
  a.base = static_cast<char*>(std::aligned_alloc(ALIGNMENT, a.reserved));
  if (a.base == nullptr) return nullptr;
  std::memset(a.base, REDZONE_BYTE, REDZONE);
  std::memset(a.base + REDZONE + a.bytes, REDZONE_BYTE, a.reserved - REDZONE - a.bytes);
  if (__asan_poison_memory_region != nullptr) {
    __asan_poison_memory_region(a.base, REDZONE);
    __asan_poison_memory_region(a.base + REDZONE + a.bytes, a.reserved - REDZONE - a.bytes);
  }
  return a.base + REDZONE;
}

// [page without access][bytes, aligned to 16, not more][page without access]
char* guardedMemory(Allocation& a) {
  size_t pages = roundedUp(a.bytes, PAGE);
  a.reserved = pages + 2 * PAGE;
  void* base = mmap(nullptr, a.reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  a.base = static_cast<char*>(base);
  if (mprotect(a.base + PAGE, pages, PROT_READ | PROT_WRITE) != 0) return nullptr;
  return a.base + PAGE + pages - roundedUp(a.bytes, 16);
}

void giveBack(const Allocation& a) {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(a.base, a.reserved);
  if (a.guarded) munmap(a.base, a.reserved);
  else std::free(a.base);
}

std::string describe(uint64_t address, const Allocation& a) {
  std::ostringstream out;
  out << "the allocation of " << a.bytes << " bytes at 0x" << std::hex << address;
  return out.str();
}

const char* firstOther(const char* from, const char* to, unsigned char value) {
  return std::find_if(from, to, [value](char c) { return static_cast<unsigned char>(c) != value; });
}

std::string redzoneProblem(uint64_t address, const Allocation& a) {
  if (a.guarded) return "";
  const char* start = reinterpret_cast<const char*>(address);
  const char* after = firstOther(start + a.bytes, a.base + a.reserved, REDZONE_BYTE);
  if (after != a.base + a.reserved) return "a write " + std::to_string(after - start - a.bytes) + " bytes after the end of " + describe(address, a);
  const char* before = firstOther(a.base, start, REDZONE_BYTE);
  if (before != start) return "a write " + std::to_string(start - before) + " bytes before the start of " + describe(address, a);
  return "";
}

std::string freedProblem(uint64_t address, const Allocation& a) {
  if (!a.poisoned) return "";
  const char* start = reinterpret_cast<const char*>(address);
  if (firstOther(start, start + a.bytes, FREED_BYTE) == start + a.bytes) return "";
  return "a write after it was freed to " + describe(address, a);
}

// Old entries leave the quarantine; what was written to them meanwhile is a problem.
std::string shrinkQuarantine(size_t limit) {
  std::string problem;
  while (quarantined > limit) {
    auto [address, a] = quarantine.front();
    quarantine.pop_front();
    quarantined -= a.bytes;
    if (problem.empty()) problem = freedProblem(address, a);
    giveBack(a);
  }
  return problem;
}

std::string release(Allocations::iterator entry) {
  auto [address, a] = *entry;
  live.erase(entry);
  used[a.device] -= a.bytes;
  liveMemory.count--;
  std::string problem = settings.redzones ? redzoneProblem(address, a) : "";
  a.poisoned = settings.poison && !a.guarded;
  if (a.poisoned) std::memset(reinterpret_cast<void*>(address), FREED_BYTE, a.bytes);
  if (a.guarded) {
    giveBack(a);
    return problem;
  }
  quarantine.push_back({address, a});
  quarantined += a.bytes;
  std::string late = shrinkQuarantine(settings.poison ? QUARANTINE : 0);
  return problem.empty() ? late : problem;
}

int allocate(int device, size_t bytes, uint64_t* address) {
  std::lock_guard guard(lock);
  if (used[device] + bytes > settings.memory || asked + bytes > settings.failAfter) return OUT_OF_MEMORY;
  Allocation a{nullptr, 0, bytes, device, settings.guard, false};
  char* start = a.guarded ? guardedMemory(a) : plainMemory(a);
  if (start == nullptr) return OUT_OF_MEMORY;
  if (settings.poison) std::memset(start, FRESH_BYTE, bytes);
  asked += bytes;
  used[device] += bytes;
  liveMemory.count++;
  *address = reinterpret_cast<uint64_t>(start);
  live[*address] = a;
  return SUCCESS;
}

template <class Map, class Size> bool contains(const Map& map, uint64_t address, size_t bytes, Size size) {
  auto next = map.upper_bound(address);
  if (next == map.begin()) return false;
  auto& [start, entry] = *std::prev(next);
  return address - start <= size(entry) && bytes <= size(entry) - (address - start);
}

}  // namespace

bool isDeviceRange(uint64_t address, size_t bytes) {
  std::lock_guard guard(lock);
  return contains(live, address, bytes, [](const Allocation& a) { return a.bytes; });
}

bool isPinned(const void* address, size_t bytes) {
  std::lock_guard guard(lock);
  return contains(pinned, reinterpret_cast<uint64_t>(address), bytes, [](const Pinned& p) { return p.bytes; });
}

std::string checkRedzones() {
  if (!settings.redzones) return "";
  std::lock_guard guard(lock);
  for (auto& [address, a] : live)
    if (std::string problem = redzoneProblem(address, a); !problem.empty()) return problem;
  return "";
}

void resetAsked() {
  std::lock_guard guard(lock);
  asked = 0;
}

uint64_t liveBytes(int device) {
  std::lock_guard guard(lock);
  return used[device];
}

void releaseMemoryOf(int device) {
  std::lock_guard guard(lock);
  for (auto entry = live.begin(); entry != live.end();) {
    auto next = std::next(entry);
    if (entry->second.device == device) release(entry);
    entry = next;
  }
  livePinned.count -= static_cast<int64_t>(std::erase_if(pinned, [device](auto& entry) {
    if (entry.second.device != device) return false;
    std::free(reinterpret_cast<void*>(entry.first));
    return true;
  }));
}

}  // namespace fake

using namespace fake;

EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
  CALL(cuMemGetInfo_v2);
  CONTEXT(device);
  *total = settings.memory;
  *free = settings.memory - std::min<uint64_t>(settings.memory, liveBytes(device->index));
  return SUCCESS;
}

EXPORT int cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  CALL(cuMemAlloc_v2);
  CONTEXT(device);
  if (bytes == 0) return INVALID_VALUE;
  if (isCapturing()) return STREAM_CAPTURE_UNSUPPORTED;
  return allocate(device->index, bytes, address);
}

EXPORT int cuMemFree_v2(uint64_t address) {
  CALL(cuMemFree_v2);
  CONTEXT(device);
  if (address == 0) return SUCCESS;
  if (isCapturing()) return STREAM_CAPTURE_UNSUPPORTED;
  synchronize(*device);  // as the driver does: kernels that were ordered before may use the memory
  std::string problem;
  {
    std::lock_guard guard(lock);
    auto entry = live.find(address);
    if (entry == live.end()) return INVALID_VALUE;
    problem = release(entry);
  }
  return problem.empty() ? SUCCESS : device->lose(ILLEGAL_ADDRESS, problem);
}

EXPORT int cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  CALL(cuMemHostAlloc);
  CONTEXT(device);
  if (bytes == 0) return INVALID_VALUE;
  if (isCapturing()) return STREAM_CAPTURE_UNSUPPORTED;
  *address = std::aligned_alloc(PAGE, roundedUp(bytes, PAGE));
  if (*address == nullptr) return OUT_OF_MEMORY;
  if (settings.poison) std::memset(*address, FRESH_BYTE, bytes);
  std::lock_guard guard(lock);
  pinned[reinterpret_cast<uint64_t>(*address)] = {bytes, device->index};
  livePinned.count++;
  return SUCCESS;
}

EXPORT int cuMemFreeHost(void* address) {
  CALL(cuMemFreeHost);
  CONTEXT(device);
  synchronize(*device);
  std::lock_guard guard(lock);
  if (pinned.erase(reinterpret_cast<uint64_t>(address)) == 0) return INVALID_VALUE;
  livePinned.count--;
  std::free(address);
  return SUCCESS;
}
