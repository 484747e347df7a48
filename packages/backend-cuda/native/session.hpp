// A device's context and stream, with the libraries that work on them; and events of that stream.
#pragma once
#include <chrono>
#include <utility>

#include "libraries.hpp"

/** Holds the device's primary context and one stream. */
class Session {
 public:
  Session(const Cuda& driver, const Nvrtc& compiler, abi::CUdevice device) : cuda(driver), nvrtc(compiler), device(device) {
    cuda(cuda.cuDevicePrimaryCtxRetain, &context, device);
    try {
      enter();
      cuda(cuda.cuStreamCreate, &stream, unsigned(abi::CU_STREAM_NON_BLOCKING));
    } catch (...) {
      cuda.cuDevicePrimaryCtxRelease.address(device);
      throw;
    }
  }
  Session(const Session&) = delete;
  ~Session() {
    cuda.cuStreamDestroy.address(stream);
    cuda.cuDevicePrimaryCtxRelease.address(device);
  }

  /** Makes the context this thread's: before any other call, since a thread may use several devices. */
  void enter() const { cuda(cuda.cuCtxSetCurrent, context); }
  void synchronize() const { cuda(cuda.cuStreamSynchronize, stream); }
  /** Waits where a failure has been reported already, or cannot be. */
  void settle() const noexcept { cuda.cuStreamSynchronize.address(stream); }

  const Cuda cuda;
  const Nvrtc nvrtc;
  const abi::CUdevice device;
  abi::CUcontext context = nullptr;
  abi::CUstream stream = nullptr;
};

/** A point in the stream. */
class Event {
 public:
  explicit Event(const Session& session, int flags = abi::CU_EVENT_DISABLE_TIMING | abi::CU_EVENT_BLOCKING_SYNC) : session(&session) {
    session.cuda(session.cuda.cuEventCreate, &event, unsigned(flags));
  }
  Event(Event&& other) noexcept : session(other.session), event(std::exchange(other.event, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(session, other.session);
    std::swap(event, other.event);
    return *this;
  }
  ~Event() {
    if (event) session->cuda.cuEventDestroy.address(event);
  }

  void record() { session->cuda(session->cuda.cuEventRecord, event, session->stream); }

  /** CUDA_ERROR_NOT_READY while the stream has not come so far, else what came of it. */
  int query() const noexcept { return session->cuda.cuEventQuery.address(event); }

  bool passed() const {
    const int status = query();
    if (status != abi::CUDA_SUCCESS && status != abi::CUDA_ERROR_NOT_READY) session->cuda.fail(session->cuda.cuEventQuery.name, status);
    return status == abi::CUDA_SUCCESS;
  }

  /** Asks for a few microseconds whether the stream has come so far. */
  bool passesSoon() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    do {
      if (passed()) return true;
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  /** Sleeping costs tens of microseconds, so asks for as long first. */
  void wait() const {
    if (!passesSoon()) session->cuda(session->cuda.cuEventSynchronize, event);
  }

  float millisecondsSince(const Event& start) const {
    float result = 0;
    session->cuda(session->cuda.cuEventElapsedTime, &result, start.event, event);
    return result;
  }

 private:
  const Session* session;
  abi::CUevent event = nullptr;
};
