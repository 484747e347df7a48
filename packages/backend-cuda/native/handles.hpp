// Numbers by which JavaScript names what the addon holds. A handle that was released, or that names something else, is found to be none.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "errors.hpp"

/** Numbers each handle of a device once, whatever it names. */
class Stamps {
 public:
  uint64_t next() {
    if (last == limit) throw Refusal{"a device has no handles left"};
    return ++last;
  }

 private:
  static constexpr uint64_t limit = (1 << 29) - 1;
  uint64_t last = 0;
};

/** A handle is `stamp * 2^24 + index`, below 2^53: a JavaScript number, never 0. */
template <class T>
class Handles {
 public:
  Handles(Stamps& stamps, const char* kind) : stamps(stamps), kind(kind) {}

  uint64_t add(std::unique_ptr<T> value) {
    if (freed.empty()) {
      if (slots.size() > indexMask) throw Refusal{std::string("too many handles of a ") + kind};
      slots.emplace_back();
      if (freed.capacity() < slots.size()) freed.reserve(2 * slots.size());
      freed.push_back(slots.size() - 1);
    }
    const uint64_t handle = stamps.next() << indexBits | freed.back();
    slots[freed.back()] = {handle, std::move(value)};
    freed.pop_back();
    return handle;
  }

  /** nullptr where the handle is none. */
  T* find(uint64_t handle) const {
    const uint64_t index = handle & indexMask;
    return index < slots.size() && slots[index].handle == handle ? slots[index].value.get() : nullptr;
  }

  T& get(uint64_t handle) const {
    if (T* found = find(handle)) return *found;
    throw Refusal{"no handle of a " + std::string(kind) + ": " + std::to_string(handle)};
  }

  std::unique_ptr<T> take(uint64_t handle) {
    get(handle);
    Slot& slot = slots[handle & indexMask];
    slot.handle = 0;
    freed.push_back(handle & indexMask);
    return std::move(slot.value);
  }

  /** Takes all for which the condition holds. */
  template <class Condition>
  void drop(Condition condition) {
    for (size_t index = 0; index < slots.size(); index++) {
      if (slots[index].value && condition(*slots[index].value)) take(slots[index].handle);
    }
  }

  void clear() {
    slots.clear();
    freed.clear();
  }

 private:
  static constexpr int indexBits = 24;
  static constexpr uint64_t indexMask = (1 << indexBits) - 1;
  struct Slot {
    uint64_t handle = 0;
    std::unique_ptr<T> value;
  };

  Stamps& stamps;
  const char* kind;
  std::vector<Slot> slots;
  /** Has room for all slots, so that releasing allocates nothing. */
  std::vector<size_t> freed;
};
