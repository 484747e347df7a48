// Streams: queues of operations that run when somebody waits.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "device.hpp"

namespace fake {

// Returns a status; anything but 0 loses the context.
using Operation = std::function<int()>;

// What a capture records; shared by the graphs that were made of it.
struct Recording {
  std::vector<Operation> operations;
  bool invalid = false;
};

struct Stream {
  Device* device = nullptr;
  std::deque<Operation> queue;
  uint64_t ordered = 0, finished = 0;
  std::shared_ptr<Recording> recording;
};

// Held for a moment by whoever looks at a queue or a recording.
extern std::mutex& queues;

// The stream of a handle; null where there is none.
std::shared_ptr<Stream> streamOf(void* handle);
// Orders an operation on a stream, or records it.
int order(const std::shared_ptr<Stream>& stream, Operation operation);

#define STREAM(stream, handle)                  \
  std::shared_ptr<fake::Stream> stream = fake::streamOf(handle); \
  if (stream == nullptr) return fake::INVALID_HANDLE

}  // namespace fake
