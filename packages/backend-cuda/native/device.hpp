// One GPU with one stream, and all that the caller holds on it. Closing frees in the right order: members are destroyed from the last up.
#pragma once
#include <memory>
#include <set>

#include "execution.hpp"
#include "reads.hpp"
#include "writes.hpp"

struct DeviceProperties {
  std::string name;
  int capability = 0, multiprocessors = 0, l2 = 0, driverVersion = 0, compilerMajor = 0, compilerMinor = 0;
  size_t memory = 0;

  DeviceProperties(const Cuda& cuda, const Nvrtc& nvrtc, abi::CUdevice device) {
    char text[256] = {};
    cuda(cuda.cuDeviceGetName, text, int(sizeof text) - 1, device);
    name = text;
    const auto attribute = [&](int which) {
      int value = 0;
      cuda(cuda.cuDeviceGetAttribute, &value, which, device);
      return value;
    };
    capability = 10 * attribute(abi::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    capability += attribute(abi::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    multiprocessors = attribute(abi::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    l2 = attribute(abi::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
    cuda(cuda.cuDeviceTotalMem, &memory, device);
    cuda(cuda.cuDriverGetVersion, &driverVersion);
    nvrtc(nvrtc.nvrtcVersion, &compilerMajor, &compilerMinor);
  }
};

/** What an open device holds. */
struct OpenDevice {
  OpenDevice(napi_env env, const Cuda& cuda, const Nvrtc& nvrtc, const CublasLt& lt, const Cudnn& cudnn, abi::CUdevice device,
             int capability)
      : session(cuda, nvrtc, device), products(lt, session, stamps, capability), convolutions(cudnn, session, stamps),
        reads(env, session, pinned) {}

  Names names() const { return {memory, modules, products, convolutions, graphs}; }

  /** Orders a command buffer, if it is whole. */
  void execute(Words words) const {
    Validation(names(), words).check();
    order(words);
  }

  uint64_t capture(Words words) {
    std::vector<MemoryUse> uses;
    Validation(names(), words, &uses).check();
    return graphs.add(
        std::make_shared<Graph>(session, modulesOf(modules, words), std::move(uses), memory.released(), [&] { order(words); }));
  }

  /** Milliseconds of device time, the best of some repetitions. */
  double time(Words words, int64_t repetitions) const {
    Validation(names(), words).check();
    Event start(session, abi::CU_EVENT_DEFAULT), end(session, abi::CU_EVENT_DEFAULT);
    double best = std::numeric_limits<double>::infinity();
    for (int64_t repetition = 0; repetition < repetitions; repetition++) {
      start.record();
      order(words);
      end.record();
      session.synchronize();
      best = std::min<double>(best, end.millisecondsSince(start));
    }
    return best;
  }

  const Session session;
  Stamps stamps;
  Retired retired{session};
  Allocations memory{session};
  Modules modules{session, stamps, retired};
  Products products;
  Convolutions convolutions;
  Graphs graphs{stamps, retired};
  PinnedPool pinned{session};
  Writes writes{session};
  Reads reads;

 private:
  void order(Words words) const { Execution(session, names(), words).run(); }
};

class Device;

/** An environment of Node: the main thread's or a worker's. Its devices are closed when it ends. */
struct Environment {
  std::set<Device*> devices;
};

/** The object behind JavaScript's Device: open until it is closed. */
class Device {
 public:
  Device(std::shared_ptr<Environment> owner, std::unique_ptr<OpenDevice> opened) : environment(std::move(owner)), state(std::move(opened)) {
    environment->devices.insert(this);
  }
  Device(const Device&) = delete;
  ~Device() {
    close(false);
    environment->devices.erase(this);
  }

  /** The device, its context being this thread's. */
  OpenDevice& enter() const {
    if (!state) {
      throw Failure{"cuCtxSetCurrent", abi::CUDA_ERROR_CONTEXT_IS_DESTROYED,
                    "cuCtxSetCurrent: CUDA_ERROR_CONTEXT_IS_DESTROYED (709) the device is closed"};
    }
    state->session.enter();
    return *state;
  }

  /** Whatever the state of the device is: a lost one cannot say more than it has said already. */
  void close(bool environmentEnds) noexcept {
    if (!state) return;
    const std::unique_ptr<OpenDevice> closing = std::move(state);
    closing->session.cuda.cuCtxSetCurrent.address(closing->session.context);
    closing->session.settle();
    closing->reads.stop(environmentEnds);
  }

 private:
  const std::shared_ptr<Environment> environment;
  std::unique_ptr<OpenDevice> state;
};
