// Host to device, through a ring of page-locked blocks: the caller's memory is free at once, and one block is copied while the next is
// filled.
#pragma once
#include <cstring>
#include <span>
#include <vector>

#include "pinned.hpp"

class Writes {
 public:
  explicit Writes(const Session& session) : session(session) {}

  void write(uint64_t address, std::span<const char> data) {
    while (!data.empty()) {
      if (used == blockBytes || blocks.empty()) advance();
      Pinned& block = blocks[current];
      const size_t bytes = std::min(data.size(), blockBytes - used);
      const void* from = std::memcpy(block.data() + used, data.data(), bytes);
      session.cuda(session.cuda.cuMemcpyHtoDAsync, address, from, bytes, session.stream);
      // Copies start at multiples of 16 bytes, the better for the copy engine.
      used = std::min(blockBytes, (used + bytes + 15) & ~size_t(15));
      address += bytes;
      data = data.subspan(bytes);
    }
  }

  void clear() {
    blocks.clear();
    current = used = 0;
  }

 private:
  static constexpr size_t blockBytes = 4 << 20, mostBlocks = 4;

  /** To the next block, when the device is done with it. Failing, changes nothing. */
  void advance() {
    if (!blocks.empty()) blocks[current].done.record();
    const size_t next = blocks.empty() ? 0 : (current + 1) % mostBlocks;
    if (next == blocks.size()) {
      blocks.reserve(mostBlocks);
      blocks.push_back(Pinned(session, blockBytes));
    } else {
      blocks[next].done.wait();
      if (!blocks[next].isLocked()) blocks[next] = Pinned(session, blockBytes);
    }
    current = next;
    used = 0;
  }

  const Session& session;
  std::vector<Pinned> blocks;
  size_t current = 0;
  size_t used = 0;
};
