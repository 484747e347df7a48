// Compiles programs, and holds modules and their functions. What commands in the stream may still use is kept until they are done.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "handles.hpp"
#include "session.hpp"

/** CUDA C to a cubin. */
inline std::vector<char> compileProgram(const Nvrtc& nvrtc, const std::string& source, const std::vector<std::string>& options) {
  struct Program {
    const Nvrtc& nvrtc;
    abi::nvrtcProgram handle = nullptr;
    ~Program() {
      if (handle) nvrtc.nvrtcDestroyProgram.address(&handle);
    }
  } program{nvrtc};
  nvrtc(nvrtc.nvrtcCreateProgram, &program.handle, source.c_str(), "program.cu", 0, nullptr, nullptr);
  std::vector<const char*> pointers;
  for (const auto& option : options) pointers.push_back(option.c_str());
  size_t size = 0;
  try {
    nvrtc(nvrtc.nvrtcCompileProgram, program.handle, int(pointers.size()), pointers.data());
  } catch (Failure& failure) {
    if (nvrtc.nvrtcGetProgramLogSize.address(program.handle, &size) == 0 && size > 1) {
      std::string log(size, '\0');
      if (nvrtc.nvrtcGetProgramLog.address(program.handle, log.data()) == 0) failure.message += "\n" + log.substr(0, size - 1);
    }
    throw;
  }
  nvrtc(nvrtc.nvrtcGetCUBINSize, program.handle, &size);
  std::vector<char> cubin(size);
  nvrtc(nvrtc.nvrtcGetCUBIN, program.handle, cubin.data());
  return cubin;
}

class Module {
 public:
  Module(const Session& session, std::string_view image) : session(session) {
    // The driver finds out by itself what the image is and how long: it may read a header, or text up to a zero.
    std::string padded(image);
    padded.append(512, '\0');
    session.cuda(session.cuda.cuModuleLoadData, &module, static_cast<const void*>(padded.data()));
  }
  Module(const Module&) = delete;
  ~Module() { session.cuda.cuModuleUnload.address(module); }

  const Session& session;
  abi::CUmodule module = nullptr;
};

/** A function of a module, with what a launch of it must bring. */
struct Kernel {
  static constexpr size_t mostParameters = 512;

  std::shared_ptr<Module> module;
  std::string name;
  /** A letter each: 'p' is an address. */
  std::string parameters;
  abi::CUfunction function = nullptr;
  int mostThreads = 0;

  int attribute(int which) const {
    const Cuda& cuda = module->session.cuda;
    int value = 0;
    cuda(cuda.cuFuncGetAttribute, &value, which, function);
    return value;
  }

  Kernel(std::shared_ptr<Module> owner, std::string name, std::string parameters)
      : module(std::move(owner)), name(std::move(name)), parameters(std::move(parameters)) {
    const Cuda& cuda = module->session.cuda;
    cuda(cuda.cuModuleGetFunction, &function, module->module, this->name.c_str());
    mostThreads = attribute(abi::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    checkParameters(cuda);
  }

 private:
  /** The driver reads as many arguments as the function has, of their sizes. Drivers before 12.4 do not tell how many that is. */
  void checkParameters(const Cuda& cuda) const {
    if (!cuda.cuFuncGetParamInfo.address) return;
    size_t offset = 0, size = 0, count = 0;
    int status = 0;
    while ((status = cuda.cuFuncGetParamInfo.address(function, count, &offset, &size)) == abi::CUDA_SUCCESS) {
      if (size > sizeof(uint64_t)) throw Refusal{"argument " + std::to_string(count) + " of " + name + " is longer than a word"};
      count++;
    }
    // There is no argument of this number.
    if (status != abi::CUDA_ERROR_INVALID_VALUE) cuda.fail(cuda.cuFuncGetParamInfo.name, status);
    if (count != parameters.size()) {
      throw Refusal{name + " takes " + std::to_string(count) + " arguments, not " + std::to_string(parameters.size())};
    }
  }
};

/** Keeps what was released until the stream has passed the point where it was. */
class Retired {
 public:
  explicit Retired(const Session& session) : session(session) {}

  /** Never fails: where the stream cannot tell, waits for it. */
  void keep(std::shared_ptr<void> value) noexcept {
    sweep();
    try {
      entries.push_back({Event(session), value});
      entries.back().event.record();
    } catch (...) {
      session.settle();
      clear();
    }
  }

  void sweep() noexcept {
    while (!entries.empty() && entries.front().event.query() != abi::CUDA_ERROR_NOT_READY) entries.pop_front();
  }

  void clear() noexcept { entries.clear(); }

 private:
  struct Entry {
    Event event;
    std::shared_ptr<void> value;
  };

  const Session& session;
  std::deque<Entry> entries;
};

class Modules {
 public:
  Modules(const Session& session, Stamps& stamps, Retired& retired)
      : session(session), retired(retired), modules(stamps, "module"), kernels(stamps, "function") {}

  uint64_t load(std::string_view image) {
    retired.sweep();
    return modules.add(std::make_unique<std::shared_ptr<Module>>(std::make_shared<Module>(session, image)));
  }

  /** Its functions are handles no longer. */
  void unload(uint64_t handle) {
    const std::shared_ptr<Module> module = *modules.take(handle);
    kernels.drop([&](const Kernel& kernel) { return kernel.module == module; });
    retired.keep(module);
  }

  uint64_t function(uint64_t module, std::string name, std::string parameters) {
    return kernels.add(std::make_unique<Kernel>(modules.get(module), std::move(name), std::move(parameters)));
  }

  const Kernel* find(uint64_t handle) const { return kernels.find(handle); }
  const Kernel& get(uint64_t handle) const { return kernels.get(handle); }

  void clear() {
    kernels.clear();
    modules.clear();
  }

 private:
  const Session& session;
  Retired& retired;
  Handles<std::shared_ptr<Module>> modules;
  Handles<Kernel> kernels;
};
