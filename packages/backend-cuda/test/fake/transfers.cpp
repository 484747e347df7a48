// Copies and fills. Their addresses are checked when they run, as a device does it; host memory that is not pinned is read at once
// and written after waiting, as the driver does it.
#include <cstring>

#include "memory.hpp"
#include "streams.hpp"

namespace fake {

namespace {

int checkRange(uint64_t address, size_t bytes, const char* what) {
  if (isDeviceRange(address, bytes)) return SUCCESS;
  return failure(ILLEGAL_ADDRESS, std::string(what) + " of " + std::to_string(bytes) + " bytes at " + std::to_string(address) + ", outside of all allocations");
}

}  // namespace

}  // namespace fake

using namespace fake;

EXPORT int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void* handle) {
  CALL(cuMemcpyHtoDAsync_v2);
  CONTEXT(device);
  STREAM(stream, handle);
  if (isPinned(from, bytes))
    return order(stream, [=] {
      if (int status = checkRange(to, bytes, "a write")) return status;
      return std::memcpy(reinterpret_cast<void*>(to), from, bytes), int(SUCCESS);
    });
  auto copy = std::make_shared<std::string>(static_cast<const char*>(from), bytes);
  return order(stream, [=] {
    if (int status = checkRange(to, bytes, "a write")) return status;
    return std::memcpy(reinterpret_cast<void*>(to), copy->data(), bytes), int(SUCCESS);
  });
}

EXPORT int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void* handle) {
  CALL(cuMemcpyDtoHAsync_v2);
  CONTEXT(device);
  STREAM(stream, handle);
  bool wait = !isPinned(to, bytes);
  if (wait && stream->recording != nullptr) return STREAM_CAPTURE_UNSUPPORTED;
  int status = order(stream, [=] {
    if (int status = checkRange(from, bytes, "a read")) return status;
    return std::memcpy(to, reinterpret_cast<const void*>(from), bytes), int(SUCCESS);
  });
  return wait && status == 0 ? synchronize(*device) : status;
}

EXPORT int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void* handle) {
  CALL(cuMemcpyDtoDAsync_v2);
  CONTEXT(device);
  STREAM(stream, handle);
  return order(stream, [=] {
    if (int status = checkRange(from, bytes, "a read")) return status;
    if (int status = checkRange(to, bytes, "a write")) return status;
    if (from < to + bytes && to < from + bytes) return failure(INVALID_VALUE, "a copy of " + std::to_string(bytes) + " bytes over itself");
    return std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes), int(SUCCESS);
  });
}

EXPORT int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void* handle) {
  CALL(cuMemsetD8Async);
  CONTEXT(device);
  STREAM(stream, handle);
  return order(stream, [=] {
    if (int status = checkRange(to, bytes, "a fill")) return status;
    return std::memset(reinterpret_cast<void*>(to), value, bytes), int(SUCCESS);
  });
}

EXPORT int cuMemsetD32Async(uint64_t to, unsigned value, size_t count, void* handle) {
  CALL(cuMemsetD32Async);
  CONTEXT(device);
  STREAM(stream, handle);
  if (to % 4 != 0) return INVALID_VALUE;
  return order(stream, [=] {
    if (int status = checkRange(to, count * 4, "a fill")) return status;
    for (size_t i = 0; i < count; i++) reinterpret_cast<unsigned*>(to)[i] = value;
    return int(SUCCESS);
  });
}
