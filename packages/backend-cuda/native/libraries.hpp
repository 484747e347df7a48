// Opens NVIDIA's libraries and finds their functions. A library stays open for the life of the process: drivers do not survive dlclose.
#pragma once
#include <dlfcn.h>

#include <iterator>
#include <string>
#include <vector>

#include "abi.hpp"
#include "errors.hpp"

struct Attempt {
  std::string library, error;
};

/** What the search for a library found. */
struct Report {
  std::string library;
  std::vector<Attempt> tried;
  std::vector<std::string> missing;

  bool usable() const { return !library.empty() && missing.empty(); }
};

/** Opens the first of the libraries that can be opened: nullptr where there is none. */
inline void* openFirst(const std::vector<std::string>& names, Report& report) {
  for (const auto& name : names) {
    if (void* handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
      report.library = name;
      return handle;
    }
    const char* error = dlerror();
    report.tried.push_back({name, error ? error : "cannot be opened"});
  }
  return nullptr;
}

/** Finds a function. Is it there? */
template <class... P>
bool find(void* handle, abi::Function<P...>& function) {
  function.address = reinterpret_cast<int (*)(P...)>(dlsym(handle, function.symbol));
  return function.address != nullptr;
}

template <class... P>
void findRequired(void* handle, abi::Function<P...>& function, Report& report) {
  if (!find(handle, function)) report.missing.push_back(function.symbol);
}

/** Calls a function of a library; `describe` words a status that is not 0. */
template <class Describe, class... P, class... A>
void checkedCall(const Describe& describe, const abi::Function<P...>& function, A&&... arguments) {
  if (int status = function.address(std::forward<A>(arguments)...)) {
    throw Failure{function.name, status, std::string(function.name) + ": " + describe(status)};
  }
}

inline std::string describeByName(const char* name, int status) { return std::string(name) + " (" + std::to_string(status) + ")"; }

#define FIND_REQUIRED(name, ...) findRequired(handle, name, report);
#define FIND_OPTIONAL(name, ...) find(handle, name);

/** The CUDA driver. `cuda(cuda.cuMemFree, address)` calls a function and throws its failure. */
struct Cuda : abi::Driver {
  Report report;

  void open(const std::vector<std::string>& names) {
    if (void* handle = openFirst(names, report)) {
      ABI_DRIVER(FIND_REQUIRED)
      ABI_DRIVER_OPTIONAL(FIND_OPTIONAL)
    }
  }

  /** `NAME (number) text` */
  std::string describe(int status) const {
    const char *name = nullptr, *text = nullptr;
    cuGetErrorName.address(status, &name);
    cuGetErrorString.address(status, &text);
    return describeByName(name ? name : "unknown error", status) + (text ? std::string(" ") + text : "");
  }

  [[noreturn]] void fail(const char* call, int status) const {
    throw Failure{call, status, std::string(call) + ": " + describe(status)};
  }

  template <class... P, class... A>
  void operator()(const abi::Function<P...>& function, A&&... arguments) const {
    if (int status = function.address(std::forward<A>(arguments)...)) fail(function.name, status);
  }
};

/** The compiler. */
struct Nvrtc : abi::Nvrtc {
  Report report;

  void open(const std::vector<std::string>& names) {
    if (void* handle = openFirst(names, report)) {
      ABI_NVRTC(FIND_REQUIRED)
      if (report.usable()) openBuiltins();
    }
  }

  /** The names of nvrtc.h: nvrtcGetErrorString returns no status, so it is not in the table. */
  static std::string describe(int status) {
    static const char* const names[] = {
      "NVRTC_SUCCESS", "NVRTC_ERROR_OUT_OF_MEMORY", "NVRTC_ERROR_PROGRAM_CREATION_FAILURE", "NVRTC_ERROR_INVALID_INPUT",
      "NVRTC_ERROR_INVALID_PROGRAM", "NVRTC_ERROR_INVALID_OPTION", "NVRTC_ERROR_COMPILATION", "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
    };
    return describeByName(status >= 0 && status < int(std::size(names)) ? names[status] : "NVRTC_ERROR", status);
  }

  template <class... P, class... A>
  void operator()(const abi::Function<P...>& function, A&&... arguments) const {
    checkedCall(describe, function, std::forward<A>(arguments)...);
  }

 private:
  /** NVRTC opens a second library by its name alone, which outside of the system's folders finds it if it is open already. */
  void openBuiltins() const {
    Dl_info own;
    int major = 0, minor = 0;
    if (!dladdr(reinterpret_cast<void*>(nvrtcVersion.address), &own) || nvrtcVersion.address(&major, &minor) != 0) return;
    const std::string path = own.dli_fname, folder = path.substr(0, path.rfind('/') + 1);
    dlopen((folder + "libnvrtc-builtins.so." + std::to_string(major) + "." + std::to_string(minor)).c_str(), RTLD_LAZY | RTLD_LOCAL);
  }
};

/** The library of matrix products. */
struct CublasLt : abi::CublasLt {
  Report report;

  void open(const std::vector<std::string>& names) {
    if (void* handle = openFirst(names, report)) {
      ABI_CUBLASLT(FIND_REQUIRED)
    }
  }

  /** The names of cublas_api.h. */
  static std::string describe(int status) {
    static constexpr std::pair<int, const char*> names[] = {
      {1, "CUBLAS_STATUS_NOT_INITIALIZED"}, {3, "CUBLAS_STATUS_ALLOC_FAILED"},     {7, "CUBLAS_STATUS_INVALID_VALUE"},
      {8, "CUBLAS_STATUS_ARCH_MISMATCH"},   {11, "CUBLAS_STATUS_MAPPING_ERROR"},   {13, "CUBLAS_STATUS_EXECUTION_FAILED"},
      {14, "CUBLAS_STATUS_INTERNAL_ERROR"}, {15, "CUBLAS_STATUS_NOT_SUPPORTED"},   {16, "CUBLAS_STATUS_LICENSE_ERROR"},
    };
    for (auto [number, name] : names) {
      if (number == status) return describeByName(name, status);
    }
    return describeByName("CUBLAS_STATUS", status);
  }

  template <class... P, class... A>
  void operator()(const abi::Function<P...>& function, A&&... arguments) const {
    checkedCall(describe, function, std::forward<A>(arguments)...);
  }
};

/** The library of convolutions. */
struct Cudnn : abi::Cudnn {
  Report report;

  void open(const std::vector<std::string>& names) {
    if (void* handle = openFirst(names, report)) {
      ABI_CUDNN(FIND_REQUIRED)
    }
  }

  /** cuDNN 9 numbers statuses by thousands, cuDNN 8 from 1 (its cudnn_ops_infer.h). */
  static std::string describe(int status) {
    static const char* const older[] = {
      "CUDNN_STATUS_SUCCESS", "CUDNN_STATUS_NOT_INITIALIZED", "CUDNN_STATUS_ALLOC_FAILED", "CUDNN_STATUS_BAD_PARAM",
      "CUDNN_STATUS_INTERNAL_ERROR", "CUDNN_STATUS_INVALID_VALUE", "CUDNN_STATUS_ARCH_MISMATCH", "CUDNN_STATUS_MAPPING_ERROR",
      "CUDNN_STATUS_EXECUTION_FAILED", "CUDNN_STATUS_NOT_SUPPORTED",
    };
    static const char* const newer[] = {
      "CUDNN_STATUS", "CUDNN_STATUS_NOT_INITIALIZED", "CUDNN_STATUS_BAD_PARAM", "CUDNN_STATUS_NOT_SUPPORTED",
      "CUDNN_STATUS_INTERNAL_ERROR", "CUDNN_STATUS_EXECUTION_FAILED",
    };
    if (status >= 0 && status < int(std::size(older))) return describeByName(older[status], status);
    return describeByName(status >= 1000 && status < 6000 ? newer[status / 1000] : "CUDNN_STATUS", status);
  }

  static bool isUnsupported(int status) { return status == 9 || status / 1000 == 3; }

  template <class... P, class... A>
  void operator()(const abi::Function<P...>& function, A&&... arguments) const {
    checkedCall(describe, function, std::forward<A>(arguments)...);
  }
};

#undef FIND_REQUIRED
#undef FIND_OPTIONAL
