// An operation runs in the thread that first waits for its stream: by cuStreamSynchronize, cuEventSynchronize, a copy to memory that is not
// pinned, or cuMemFree. An event that is only asked about starts its stream in a thread of the fake after a few questions.
#include "streams.hpp"

#include <chrono>
#include <condition_variable>
#include <thread>

#include "graphs.hpp"
#include "registry.hpp"

namespace fake {

std::mutex& queues = *new std::mutex;

namespace {

struct Event {
  std::shared_ptr<Stream> stream;  // null before it is recorded
  Device* device = nullptr;
  uint64_t position = 0;  // finished when the stream has finished so many
  unsigned polls = 0;
  bool timed = true;
  std::chrono::steady_clock::time_point at;
};

Registry<Stream>& streams = *new Registry<Stream>("streams");
Registry<Event>& events = *new Registry<Event>("events");

// Held while an operation runs.
std::recursive_mutex& running = *new std::recursive_mutex;

bool next(Stream& stream, uint64_t position, Operation& operation) {
  std::lock_guard guard(queues);
  if (stream.finished >= position || stream.queue.empty()) return false;
  operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  return true;
}

void finishOne(Stream& stream) {
  std::lock_guard guard(queues);
  stream.finished++;
}

// Runs what was ordered up to `position`. After an error the rest of a stream is dropped, as its context is lost.
int drain(const std::shared_ptr<Stream>& stream, uint64_t position) {
  std::lock_guard guard(running);
  for (Operation operation; next(*stream, position, operation); finishOne(*stream)) {
    if (settings.delay > 0) std::this_thread::sleep_for(std::chrono::milliseconds(settings.delay));
    if (stream->device->lost == 0)
      if (int status = operation(); status != 0) stream->device->lose(status, "");
  }
  return stream->device->lost;
}

uint64_t orderedOf(const Stream& stream) {
  std::lock_guard guard(queues);
  return stream.ordered;
}

bool isFinished(const Event& event) {
  std::lock_guard guard(queues);
  return event.stream == nullptr || event.stream->finished >= event.position;
}

int drainNow(const std::shared_ptr<Stream>& stream) { return drain(stream, orderedOf(*stream)); }

// Runs streams by itself, for those who only ask.
class Background {
 public:
  void run(std::shared_ptr<Stream> stream) {
    std::lock_guard guard(lock_);
    if (!started_) std::thread([this] { loop(); }).detach();
    started_ = true;
    work_.push_back(std::move(stream));
    wake_.notify_one();
  }

 private:
  [[noreturn]] void loop() {
    for (;;) {
      std::unique_lock guard(lock_);
      wake_.wait(guard, [this] { return !work_.empty(); });
      auto stream = std::move(work_.front());
      work_.pop_front();
      guard.unlock();
      drainNow(stream);
    }
  }

  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Stream>> work_;
  bool started_ = false;
};
Background& background = *new Background;

// A stream that records cannot be waited for; the attempt ruins the recording.
bool refuseWhileRecording(Stream& stream) {
  std::lock_guard guard(queues);
  if (stream.recording == nullptr) return false;
  stream.recording->invalid = true;
  return true;
}

}  // namespace

std::shared_ptr<Stream> streamOf(void* handle) { return streams.find(handle); }

int order(const std::shared_ptr<Stream>& stream, Operation operation) {
  {
    std::lock_guard guard(queues);
    if (stream->recording != nullptr) {
      stream->recording->operations.push_back(std::move(operation));
      return SUCCESS;
    }
    stream->queue.push_back(std::move(operation));
    stream->ordered++;
  }
  return settings.eager ? drainNow(stream) : SUCCESS;
}

int synchronize(Device& device) {
  std::vector<std::shared_ptr<Stream>> of;
  streams.each([&](const std::shared_ptr<Stream>& stream) {
    if (stream->device == &device) of.push_back(stream);
  });
  for (auto& stream : of) drainNow(stream);
  return device.lost;
}

void releaseStreamsOf(Device& device) {
  synchronize(device);
  events.removeIf([&](const Event& event) { return event.device == &device; });
  releaseGraphsOf(device);
  streams.removeIf([&](const Stream& stream) { return stream.device == &device; });
}

}  // namespace fake

using namespace fake;

EXPORT int cuStreamCreate(void** handle, unsigned flags) {
  CALL(cuStreamCreate);
  CONTEXT(device);
  if (flags > 1) return INVALID_VALUE;
  auto stream = std::make_shared<Stream>();
  stream->device = device;
  *handle = streams.add(stream);
  return SUCCESS;
}

// What was ordered still runs, as the driver promises.
EXPORT int cuStreamDestroy_v2(void* handle) {
  CALL(cuStreamDestroy_v2);
  CONTEXT(device);
  auto stream = streams.remove(handle);
  if (stream == nullptr) return INVALID_HANDLE;
  abandonCapture(*stream);
  drainNow(stream);
  return SUCCESS;
}

EXPORT int cuStreamSynchronize(void* handle) {
  CALL(cuStreamSynchronize);
  CONTEXT(device);
  STREAM(stream, handle);
  if (refuseWhileRecording(*stream)) return STREAM_CAPTURE_UNSUPPORTED;
  return drainNow(stream);
}

EXPORT int cuStreamWaitEvent(void* handle, void* eventHandle, unsigned) {
  CALL(cuStreamWaitEvent);
  CONTEXT(device);
  STREAM(stream, handle);
  auto event = events.find(eventHandle);
  if (event == nullptr) return INVALID_HANDLE;
  if (event->stream == nullptr) return SUCCESS;
  return order(stream, [other = event->stream, position = event->position] { return drain(other, position); });
}

EXPORT int cuEventCreate(void** handle, unsigned flags) {
  CALL(cuEventCreate);
  CONTEXT(device);
  auto event = std::make_shared<Event>();
  event->device = device;
  event->timed = (flags & 2) == 0;
  *handle = events.add(event);
  return SUCCESS;
}

EXPORT int cuEventDestroy_v2(void* handle) {
  CALL(cuEventDestroy_v2);
  CONTEXT(device);
  return events.remove(handle) == nullptr ? INVALID_HANDLE : SUCCESS;
}

EXPORT int cuEventRecord(void* handle, void* streamHandle) {
  CALL(cuEventRecord);
  CONTEXT(device);
  STREAM(stream, streamHandle);
  auto event = events.find(handle);
  if (event == nullptr) return INVALID_HANDLE;
  if (stream->recording != nullptr) return order(stream, [] { return SUCCESS; });
  {
    std::lock_guard guard(queues);
    event->stream = stream, event->position = stream->ordered + 1, event->polls = 0;
  }
  return order(stream, [event] { return event->at = std::chrono::steady_clock::now(), SUCCESS; });
}

EXPORT int cuEventQuery(void* handle) {
  CALL(cuEventQuery);
  CONTEXT(device);
  auto event = events.find(handle);
  if (event == nullptr) return INVALID_HANDLE;
  if (isFinished(*event)) return device->lost;
  if (event->polls++ == settings.polls) background.run(event->stream);
  return NOT_READY;
}

EXPORT int cuEventSynchronize(void* handle) {
  CALL(cuEventSynchronize);
  CONTEXT(device);
  auto event = events.find(handle);
  if (event == nullptr) return INVALID_HANDLE;
  return event->stream == nullptr ? SUCCESS : drain(event->stream, event->position);
}

EXPORT int cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  CALL(cuEventElapsedTime);
  CONTEXT(device);
  auto start = events.find(from), end = events.find(to);
  if (start == nullptr || end == nullptr || !start->timed || !end->timed || start->stream == nullptr || end->stream == nullptr)
    return INVALID_HANDLE;
  if (!isFinished(*start) || !isFinished(*end)) return NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(end->at - start->at).count();
  return SUCCESS;
}
