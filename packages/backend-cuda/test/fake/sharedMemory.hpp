// Shared memory of the block that runs: arrays by the place that declares them, with gaps between that nobody may write.
#pragma once
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "fake.hpp"

namespace fake {

class SharedMemory {
 public:
  static constexpr size_t LIMIT = 48 << 10;

  // A block begins: nothing is declared.
  void clear() {
    sites_.clear();
    bytes_ = 0;
  }

  // The array of a place, made when it comes there first; null where there is no room.
  void* array(const void* key, size_t bytes, int line) {
    for (const Site& site : sites_)
      if (site.key == key) return memory_ + site.offset;
    size_t offset = sites_.empty() ? 0 : (sites_.back().offset + sites_.back().bytes + GAP + 15) / 16 * 16;
    bytes_ += bytes;
    if (bytes_ > LIMIT || sites_.size() == MOST_ARRAYS) return nullptr;
    sites_.push_back({key, offset, bytes, line});
    if (settings.poison) std::memset(memory_ + offset, 0xff, bytes);
    std::memset(memory_ + offset + bytes, GAP_BYTE, GAP);
    return memory_ + offset;
  }

  // The line of an array behind which somebody has written, or 0.
  int damaged() const {
    for (const Site& site : sites_) {
      const char* gap = memory_ + site.offset + site.bytes;
      for (size_t i = 0; i < GAP; i++)
        if (static_cast<unsigned char>(gap[i]) != GAP_BYTE) return site.line;
    }
    return 0;
  }

 private:
  static constexpr size_t GAP = 64, MOST_ARRAYS = 64;
  static constexpr unsigned char GAP_BYTE = 0xa5;

  struct Site {
    const void* key;
    size_t offset, bytes;
    int line;
  };

  alignas(256) char memory_[LIMIT + MOST_ARRAYS * (GAP + 16)];
  std::vector<Site> sites_;
  size_t bytes_ = 0;
};

}  // namespace fake
