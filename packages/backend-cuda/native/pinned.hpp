// Page-locked host memory, which the device copies from and to by itself while the processor goes on.
#pragma once
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "session.hpp"

/**
 * Page-locked memory, and the event that tells when the device is done with it. Where no more pages can be locked it is ordinary memory, with
 * which the driver's copies wait: a run that is under way does not fail for want of a few bytes.
 */
class Pinned {
 public:
  Pinned(const Session& session, size_t bytes) : done(session), session(&session), size(bytes) {
    void* address = nullptr;
    const int status = session.cuda.cuMemHostAlloc.address(&address, bytes, 0u);
    if (status == abi::CUDA_ERROR_OUT_OF_MEMORY) ordinary.reset(new (std::nothrow) char[bytes]);
    if (status != abi::CUDA_SUCCESS && !ordinary) session.cuda.fail(session.cuda.cuMemHostAlloc.name, status);
    locked = static_cast<char*>(address);
  }
  Pinned(Pinned&& other) noexcept
      : done(std::move(other.done)), session(other.session), locked(std::exchange(other.locked, nullptr)),
        ordinary(std::move(other.ordinary)), size(other.size) {}
  Pinned& operator=(Pinned&& other) noexcept {
    std::swap(done, other.done);
    std::swap(session, other.session);
    std::swap(locked, other.locked);
    std::swap(ordinary, other.ordinary);
    std::swap(size, other.size);
    return *this;
  }
  ~Pinned() {
    if (locked) session->cuda.cuMemFreeHost.address(locked);
  }

  char* data() const { return ordinary ? ordinary.get() : locked; }
  size_t bytes() const { return size; }
  /** Is it what it ought to be? */
  bool isLocked() const { return !ordinary; }

  Event done;

 private:
  const Session* session;
  char* locked = nullptr;
  std::unique_ptr<char[]> ordinary;
  size_t size;
};

/** Keeps page-locked memory for the next reads, since locking pages is slow. Sizes are powers of two; the largest are not kept. */
class PinnedPool {
 public:
  explicit PinnedPool(const Session& session) : session(session) {}

  Pinned take(size_t bytes) {
    if (bytes > most) return Pinned(session, bytes);
    auto& list = free[sizeClass(bytes)];
    if (list.empty()) return Pinned(session, size_t(1) << sizeClass(bytes));
    Pinned result = std::move(list.back());
    list.pop_back();
    kept -= result.bytes();
    return result;
  }

  /** The device must be done with it. */
  void give(Pinned memory) noexcept {
    if (!memory.isLocked() || kept + memory.bytes() > most) return;
    auto& list = free[sizeClass(memory.bytes())];
    if (list.size() == list.capacity()) {
      try {
        list.reserve(2 * list.size() + 4);
      } catch (...) {
        return;
      }
    }
    kept += memory.bytes();
    list.push_back(std::move(memory));
  }

  void clear() {
    for (auto& list : free) list.clear();
    kept = 0;
  }

 private:
  static constexpr size_t most = 64 << 20;
  static constexpr size_t smallest = 4096;

  /** The exponent of the power of two. */
  static int sizeClass(size_t bytes) { return std::bit_width(std::max(bytes, smallest) - 1); }

  const Session& session;
  std::vector<Pinned> free[64];
  size_t kept = 0;
};
