// Opens the libraries and a device, or says in one line why not.
#pragma once
#include <memory>
#include <optional>

#include "device.hpp"

/** Names or paths to try, for each library. */
struct LibraryNames {
  std::vector<std::string> cuda, nvrtc, cublasLt, cudnn;
};

struct Opening {
  Cuda cuda;
  Nvrtc nvrtc;
  CublasLt cublasLt;
  Cudnn cudnn;
  /** Why there is no device: empty where there is one. */
  std::string reason;
  std::optional<DeviceProperties> properties;
  std::unique_ptr<OpenDevice> device;

  Opening(napi_env env, const LibraryNames& names, int64_t number) {
    reason = open(env, names, number);
  }

 private:
  /** Opens as few libraries as the answer needs. */
  std::string open(napi_env env, const LibraryNames& names, int64_t number) {
    cuda.open(names.cuda);
    if (cuda.report.library.empty()) return "no NVIDIA driver: " + whyNot(cuda.report, "libcuda.so.1");
    if (!cuda.report.missing.empty()) return "the NVIDIA driver is too old: " + lacking(cuda.report);
    const int started = cuda.cuInit.address(0);
    if (started == abi::CUDA_ERROR_NO_DEVICE) return "the NVIDIA driver sees no device";
    if (started != abi::CUDA_SUCCESS) return "the NVIDIA driver does not start: cuInit: " + cuda.describe(started);
    int count = 0;
    if (int status = cuda.cuDeviceGetCount.address(&count)) return "the NVIDIA driver counts no devices: " + cuda.describe(status);
    if (count == 0) return "the NVIDIA driver sees no device";
    if (number >= count) return "there is no device " + std::to_string(number) + ": the NVIDIA driver sees " + std::to_string(count);
    nvrtc.open(names.nvrtc);
    if (nvrtc.report.library.empty()) return "no CUDA compiler: " + whyNot(nvrtc.report, "libnvrtc.so");
    if (!nvrtc.report.missing.empty()) return "the CUDA compiler is too old: " + lacking(nvrtc.report);
    cublasLt.open(names.cublasLt);
    cudnn.open(names.cudnn);
    try {
      abi::CUdevice handle = 0;
      cuda(cuda.cuDeviceGet, &handle, int(number));
      properties.emplace(cuda, nvrtc, handle);
      device = std::make_unique<OpenDevice>(env, cuda, nvrtc, cublasLt, cudnn, handle, properties->capability);
    } catch (const Failure& failure) {
      return "device " + std::to_string(number) + " cannot be opened: " + failure.message;
    }
    return "";
  }

  /** What was tried first, which the user may have named, and last. */
  static std::string whyNot(const Report& report, const char* usual) {
    if (report.tried.empty()) return std::string(usual) + " was not looked for";
    const std::string &first = report.tried.front().error, &last = report.tried.back().error;
    return first == last ? last : first + "; " + last;
  }

  static std::string lacking(const Report& report) { return report.library + " lacks " + report.missing.front(); }
};
