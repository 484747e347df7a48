// cuInit, devices, contexts, names of errors.
#include "device.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "memory.hpp"

namespace fake {

namespace {

constexpr int MOST_DEVICES = 16;
std::array<Device, MOST_DEVICES>& devices = *new std::array<Device, MOST_DEVICES>;
std::atomic<bool> initialised{false};
thread_local Device* current = nullptr;
std::mutex& lock = *new std::mutex;
Live liveContexts{"contexts"};

struct ErrorText {
  const char *name, *text;
};

const std::map<int, ErrorText>& errorTexts() {
  static const auto& table = *new std::map<int, ErrorText>{
      {SUCCESS, {"CUDA_SUCCESS", "no error"}},
      {INVALID_VALUE, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
      {OUT_OF_MEMORY, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
      {NOT_INITIALIZED, {"CUDA_ERROR_NOT_INITIALIZED", "initialization error"}},
      {34, {"CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"}},
      {NO_DEVICE, {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"}},
      {INVALID_DEVICE, {"CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"}},
      {INVALID_IMAGE, {"CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"}},
      {INVALID_CONTEXT, {"CUDA_ERROR_INVALID_CONTEXT", "invalid device context"}},
      {NO_BINARY_FOR_GPU, {"CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"}},
      {INVALID_HANDLE, {"CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"}},
      {NOT_FOUND, {"CUDA_ERROR_NOT_FOUND", "named symbol not found"}},
      {NOT_READY, {"CUDA_ERROR_NOT_READY", "device not ready"}},
      {ILLEGAL_ADDRESS, {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"}},
      {LAUNCH_OUT_OF_RESOURCES, {"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"}},
      {CONTEXT_IS_DESTROYED, {"CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"}},
      {MISALIGNED_ADDRESS, {"CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"}},
      {LAUNCH_FAILED, {"CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}},
      {803, {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"}},
      {STREAM_CAPTURE_UNSUPPORTED, {"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"}},
      {STREAM_CAPTURE_INVALIDATED, {"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"}},
      {STREAM_CAPTURE_UNMATCHED, {"CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not initiated in this stream"}},
      {999, {"CUDA_ERROR_UNKNOWN", "unknown error"}},
  };
  return table;
}

bool isDevice(int index) { return index >= 0 && index < settings.devices && index < MOST_DEVICES; }

}  // namespace

int Device::lose(int status, const std::string& message) {
  int none = 0;
  lost.compare_exchange_strong(none, status);
  return message.empty() ? status : failure(status, message);
}

Device* currentDevice(int& status) {
  Device* device = current;
  status = !initialised        ? NOT_INITIALIZED
           : device == nullptr ? INVALID_CONTEXT
           : !device->retained ? CONTEXT_IS_DESTROYED
                               : device->lost.load();
  return device;
}

}  // namespace fake

using namespace fake;

EXPORT int cuInit(unsigned flags) {
  CALL(cuInit);
  if (flags != 0) return INVALID_VALUE;
  if (settings.devices == 0) return NO_DEVICE;
  initialised = true;
  for (int i = 0; i < MOST_DEVICES; i++) devices[i].index = i;
  return SUCCESS;
}

EXPORT int cuDriverGetVersion(int* version) {
  CALL(cuDriverGetVersion);
  *version = settings.version;
  return SUCCESS;
}

EXPORT int cuGetErrorName(int status, const char** name) {
  CALL(cuGetErrorName);
  auto found = errorTexts().find(status);
  *name = found == errorTexts().end() ? nullptr : found->second.name;
  return *name == nullptr ? INVALID_VALUE : SUCCESS;
}

// Says more than the driver where a kernel failed: which kernel, where, why.
EXPORT int cuGetErrorString(int status, const char** text) {
  CALL(cuGetErrorString);
  static thread_local std::string detailed;
  auto found = errorTexts().find(status);
  if (found == errorTexts().end()) return *text = nullptr, INVALID_VALUE;
  detailed = found->second.text;
  if (std::string last = lastFailure(status); !last.empty()) detailed += ": " + last;
  *text = detailed.c_str();
  return SUCCESS;
}

EXPORT int cuDeviceGetCount(int* count) {
  CALL(cuDeviceGetCount);
  if (!initialised) return NOT_INITIALIZED;
  *count = settings.devices;
  return SUCCESS;
}

EXPORT int cuDeviceGet(int* device, int ordinal) {
  CALL(cuDeviceGet);
  if (!initialised) return NOT_INITIALIZED;
  if (!isDevice(ordinal)) return INVALID_DEVICE;
  *device = ordinal;
  return SUCCESS;
}

EXPORT int cuDeviceGetName(char* name, int length, int device) {
  CALL(cuDeviceGetName);
  if (!isDevice(device)) return INVALID_DEVICE;
  std::snprintf(name, static_cast<size_t>(length), "Fake GPU %d", device);
  return SUCCESS;
}

EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
  CALL(cuDeviceGetAttribute);
  if (!isDevice(device)) return INVALID_DEVICE;
  switch (attribute) {
    case 1: *value = 1024; break;                        // MAX_THREADS_PER_BLOCK
    case 8: *value = 48 << 10; break;                    // MAX_SHARED_MEMORY_PER_BLOCK
    case 10: *value = 32; break;                         // WARP_SIZE
    case 16: *value = settings.multiprocessors; break;   // MULTIPROCESSOR_COUNT
    case 38: *value = 1 << 20; break;                    // L2_CACHE_SIZE
    case 39: *value = 2048; break;                       // MAX_THREADS_PER_MULTIPROCESSOR
    case 75: *value = settings.capability / 10; break;   // COMPUTE_CAPABILITY_MAJOR
    case 76: *value = settings.capability % 10; break;   // COMPUTE_CAPABILITY_MINOR
    case 97: *value = 227 << 10; break;                  // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}

EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  CALL(cuDeviceTotalMem_v2);
  if (!isDevice(device)) return INVALID_DEVICE;
  *bytes = settings.memory;
  return SUCCESS;
}

EXPORT int cuDevicePrimaryCtxRetain(void** context, int device) {
  CALL(cuDevicePrimaryCtxRetain);
  if (!initialised) return NOT_INITIALIZED;
  if (!isDevice(device)) return INVALID_DEVICE;
  std::lock_guard guard(lock);
  devices[device].retained++;
  liveContexts.count++;
  *context = &devices[device];
  return SUCCESS;
}

// The last release ends the context and all that lives in it; a lost context is whole again when it is next retained.
EXPORT int cuDevicePrimaryCtxRelease_v2(int index) {
  CALL(cuDevicePrimaryCtxRelease_v2);
  if (!isDevice(index)) return INVALID_DEVICE;
  std::lock_guard guard(lock);
  Device& device = devices[index];
  if (device.retained == 0) return INVALID_CONTEXT;
  liveContexts.count--;
  if (--device.retained > 0) return SUCCESS;
  releaseStreamsOf(device);
  releaseModulesOf(device);
  releaseMemoryOf(index);
  device.lost = 0;
  return SUCCESS;
}

EXPORT int cuCtxSetCurrent(void* context) {
  CALL(cuCtxSetCurrent);
  if (!initialised) return NOT_INITIALIZED;
  Device* device = static_cast<Device*>(context);
  if (device != nullptr && (device < &devices[0] || device > &devices[MOST_DEVICES - 1])) return INVALID_CONTEXT;
  current = device;
  return SUCCESS;
}
