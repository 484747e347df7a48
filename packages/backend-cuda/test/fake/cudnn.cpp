// cuDNN's handle; the backend calls nothing else of it so far.
#include "registry.hpp"
#include "streams.hpp"

namespace fake {

namespace {

struct Handle {
  std::shared_ptr<Stream> stream;
};
Registry<Handle>& handles = *new Registry<Handle>("cudnn");
enum { CUDNN_SUCCESS = 0, CUDNN_BAD_PARAM = 2000 };

}  // namespace

}  // namespace fake

using namespace fake;

EXPORT int cudnnCreate(void** handle) {
  CALL(cudnnCreate);
  CONTEXT(device);
  *handle = handles.add(std::make_shared<Handle>());
  return CUDNN_SUCCESS;
}

EXPORT int cudnnDestroy(void* handle) {
  CALL(cudnnDestroy);
  return handles.remove(handle) == nullptr ? CUDNN_BAD_PARAM : CUDNN_SUCCESS;
}

EXPORT int cudnnSetStream(void* handle, void* stream) {
  CALL(cudnnSetStream);
  auto found = handles.find(handle);
  if (found == nullptr) return CUDNN_BAD_PARAM;
  found->stream = streamOf(stream);
  return found->stream == nullptr ? CUDNN_BAD_PARAM : CUDNN_SUCCESS;
}
