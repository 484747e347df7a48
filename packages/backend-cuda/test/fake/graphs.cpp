// A capture records what is ordered on a stream; a graph runs it again, each time that it is launched.
#include "graphs.hpp"

#include "registry.hpp"

namespace fake {

namespace {

struct Graph {
  std::shared_ptr<Recording> recording;
  Device* device = nullptr;
};

Registry<Graph>& graphs = *new Registry<Graph>("graphs");
Registry<Graph>& executables = *new Registry<Graph>("executables");
thread_local int capturing = 0;

}  // namespace

bool isCapturing() { return capturing > 0; }

void abandonCapture(Stream& stream) {
  if (stream.recording != nullptr) capturing--;
}

void releaseGraphsOf(Device& device) {
  graphs.removeIf([&](const Graph& graph) { return graph.device == &device; });
  executables.removeIf([&](const Graph& graph) { return graph.device == &device; });
}

}  // namespace fake

using namespace fake;

EXPORT int cuStreamBeginCapture_v2(void* handle, int mode) {
  CALL(cuStreamBeginCapture_v2);
  CONTEXT(device);
  STREAM(stream, handle);
  if (mode < 0 || mode > 2) return INVALID_VALUE;
  std::lock_guard guard(queues);
  if (stream->recording != nullptr) return STREAM_CAPTURE_UNMATCHED;
  stream->recording = std::make_shared<Recording>();
  capturing++;
  return SUCCESS;
}

EXPORT int cuStreamEndCapture(void* handle, void** graph) {
  CALL(cuStreamEndCapture);
  CONTEXT(device);
  STREAM(stream, handle);
  std::shared_ptr<Recording> recording;
  {
    std::lock_guard guard(queues);
    recording = std::move(stream->recording);
    stream->recording = nullptr;
  }
  *graph = nullptr;
  if (recording == nullptr) return STREAM_CAPTURE_UNMATCHED;
  capturing--;
  if (recording->invalid) return STREAM_CAPTURE_INVALIDATED;
  *graph = graphs.add(std::make_shared<Graph>(Graph{recording, device}));
  return SUCCESS;
}

EXPORT int cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
  CALL(cuGraphInstantiateWithFlags);
  CONTEXT(device);
  auto graph = graphs.find(handle);
  if (graph == nullptr) return INVALID_HANDLE;
  *executable = executables.add(std::make_shared<Graph>(*graph));
  return SUCCESS;
}

EXPORT int cuGraphLaunch(void* handle, void* streamHandle) {
  CALL(cuGraphLaunch);
  CONTEXT(device);
  STREAM(stream, streamHandle);
  auto executable = executables.find(handle);
  if (executable == nullptr) return INVALID_HANDLE;
  if (settings.noop) return SUCCESS;
  return order(stream, [executable] {
    for (auto& operation : executable->recording->operations)
      if (int status = operation(); status != 0) return status;
    return int(SUCCESS);
  });
}

EXPORT int cuGraphExecDestroy(void* handle) {
  CALL(cuGraphExecDestroy);
  CONTEXT(device);
  return executables.remove(handle) == nullptr ? INVALID_HANDLE : SUCCESS;
}

EXPORT int cuGraphDestroy(void* handle) {
  CALL(cuGraphDestroy);
  CONTEXT(device);
  return graphs.remove(handle) == nullptr ? INVALID_HANDLE : SUCCESS;
}
