// The part of the ABIs of the CUDA driver, NVRTC, cuBLASLt and cuDNN that the addon calls, declared by hand so that g++ alone builds it.
// Sources: cuda.h and library_types.h of CUDA 13.0, nvrtc.h, cublasLt.h, cudnn.h of cuDNN 9.24. abi_check.cpp compares all of it with those headers.
#pragma once
#include <cstddef>
#include <cstdint>

namespace abi {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st*;
using CUmodule = struct CUmod_st*;
using CUfunction = struct CUfunc_st*;
using CUstream = struct CUstream_st*;
using CUevent = struct CUevent_st*;
using CUgraph = struct CUgraph_st*;
using CUgraphExec = struct CUgraphExec_st*;
using nvrtcProgram = struct _nvrtcProgram*;
using cublasLtHandle = struct cublasLtContext*;
using cublasLtDesc = struct cublasLtMatmulDescOpaque*;
using cublasLtLayout = struct cublasLtMatrixLayoutOpaque*;
using cublasLtPreference = struct cublasLtMatmulPreferenceOpaque*;
using cudnnHandle = struct cudnnContext*;
using cudnnTensor = struct cudnnTensorStruct*;
using cudnnFilter = struct cudnnFilterStruct*;
using cudnnConvolution = struct cudnnConvolutionStruct*;
using cudnnActivation = struct cudnnActivationStruct*;

struct cublasLtAlgo {
  uint64_t data[8];
};
struct cublasLtHeuristic {
  cublasLtAlgo algo;
  size_t workspaceSize;
  int state;
  float wavesCount;
  int reserved[4];
};
static_assert(sizeof(cublasLtAlgo) == 64 && sizeof(cublasLtHeuristic) == 96);

// X(name, value)
#define ABI_DRIVER_CONSTANTS(X) \
  X(CUDA_SUCCESS, 0) \
  X(CUDA_ERROR_INVALID_VALUE, 1) \
  X(CUDA_ERROR_OUT_OF_MEMORY, 2) \
  X(CUDA_ERROR_NO_DEVICE, 100) \
  X(CUDA_ERROR_NOT_READY, 600) \
  X(CUDA_ERROR_CONTEXT_IS_DESTROYED, 709) \
  X(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 16) \
  X(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 38) \
  X(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 75) \
  X(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 76) \
  X(CU_STREAM_NON_BLOCKING, 1) \
  X(CU_EVENT_DEFAULT, 0) \
  X(CU_EVENT_BLOCKING_SYNC, 1) \
  X(CU_EVENT_DISABLE_TIMING, 2) \
  X(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL, 1) \
  X(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 0) \
  X(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 1) \
  X(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, 3) \
  X(CU_FUNC_ATTRIBUTE_NUM_REGS, 4)

#define ABI_TYPE_CONSTANTS(X) \
  X(CUDA_R_32F, 0) \
  X(CUDA_R_64F, 1) \
  X(CUDA_R_16F, 2) \
  X(CUDA_R_16BF, 14)

#define ABI_NVRTC_CONSTANTS(X) \
  X(NVRTC_SUCCESS, 0) \
  X(NVRTC_ERROR_COMPILATION, 6)

#define ABI_CUBLASLT_CONSTANTS(X) \
  X(CUBLAS_OP_N, 0) \
  X(CUBLAS_OP_T, 1) \
  X(CUBLAS_STATUS_NOT_SUPPORTED, 15) \
  X(CUBLAS_COMPUTE_32F, 68) \
  X(CUBLAS_COMPUTE_64F, 70) \
  X(CUBLAS_COMPUTE_32F_FAST_16BF, 75) \
  X(CUBLAS_COMPUTE_32F_FAST_TF32, 77) \
  X(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, 5) \
  X(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, 6) \
  X(CUBLASLT_MATMUL_DESC_TRANSA, 3) \
  X(CUBLASLT_MATMUL_DESC_TRANSB, 4) \
  X(CUBLASLT_MATMUL_DESC_EPILOGUE, 7) \
  X(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 8) \
  X(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 1) \
  X(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, 3) \
  X(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 5) \
  X(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 6) \
  X(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, 7) \
  X(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, 8) \
  X(CUBLASLT_REDUCTION_SCHEME_NONE, 0) \
  X(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, 2) \
  X(CUBLASLT_EPILOGUE_DEFAULT, 1) \
  X(CUBLASLT_EPILOGUE_RELU, 2) \
  X(CUBLASLT_EPILOGUE_BIAS, 4) \
  X(CUBLASLT_EPILOGUE_RELU_BIAS, 6)

// The same numbers in cuDNN 8 and 9, but for statuses: libraries.hpp reads those.
#define ABI_CUDNN_CONSTANTS(X) \
  X(CUDNN_DATA_FLOAT, 0) \
  X(CUDNN_DEFAULT_MATH, 0) \
  X(CUDNN_FMA_MATH, 3) \
  X(CUDNN_TENSOR_NCHW, 0) \
  X(CUDNN_TENSOR_NHWC, 1) \
  X(CUDNN_CROSS_CORRELATION, 1) \
  X(CUDNN_PROPAGATE_NAN, 1) \
  X(CUDNN_ACTIVATION_RELU, 1) \
  X(CUDNN_ACTIVATION_IDENTITY, 5) \
  X(CUDNN_CONVOLUTION_FWD_ALGO_COUNT, 8) \
  X(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT, 7)

#define ABI_CONSTANT(name, value) name = value,
enum : int { ABI_DRIVER_CONSTANTS(ABI_CONSTANT) ABI_TYPE_CONSTANTS(ABI_CONSTANT) };
enum : int { ABI_NVRTC_CONSTANTS(ABI_CONSTANT) ABI_CUBLASLT_CONSTANTS(ABI_CONSTANT) ABI_CUDNN_CONSTANTS(ABI_CONSTANT) };
#undef ABI_CONSTANT

// X(name, exported symbol, parameters...): each returns a status, 0 for success.
#define ABI_DRIVER(X) \
  X(cuInit, cuInit, unsigned) \
  X(cuDriverGetVersion, cuDriverGetVersion, int*) \
  X(cuGetErrorName, cuGetErrorName, CUresult, const char**) \
  X(cuGetErrorString, cuGetErrorString, CUresult, const char**) \
  X(cuDeviceGetCount, cuDeviceGetCount, int*) \
  X(cuDeviceGet, cuDeviceGet, CUdevice*, int) \
  X(cuDeviceGetName, cuDeviceGetName, char*, int, CUdevice) \
  X(cuDeviceGetAttribute, cuDeviceGetAttribute, int*, int, CUdevice) \
  X(cuDeviceTotalMem, cuDeviceTotalMem_v2, size_t*, CUdevice) \
  X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, CUcontext*, CUdevice) \
  X(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, CUdevice) \
  X(cuCtxSetCurrent, cuCtxSetCurrent, CUcontext) \
  X(cuStreamCreate, cuStreamCreate, CUstream*, unsigned) \
  X(cuStreamDestroy, cuStreamDestroy_v2, CUstream) \
  X(cuStreamSynchronize, cuStreamSynchronize, CUstream) \
  X(cuStreamBeginCapture, cuStreamBeginCapture_v2, CUstream, int) \
  X(cuStreamEndCapture, cuStreamEndCapture, CUstream, CUgraph*) \
  X(cuEventCreate, cuEventCreate, CUevent*, unsigned) \
  X(cuEventDestroy, cuEventDestroy_v2, CUevent) \
  X(cuEventRecord, cuEventRecord, CUevent, CUstream) \
  X(cuEventQuery, cuEventQuery, CUevent) \
  X(cuEventSynchronize, cuEventSynchronize, CUevent) \
  X(cuEventElapsedTime, cuEventElapsedTime, float*, CUevent, CUevent) \
  X(cuMemGetInfo, cuMemGetInfo_v2, size_t*, size_t*) \
  X(cuMemAlloc, cuMemAlloc_v2, CUdeviceptr*, size_t) \
  X(cuMemFree, cuMemFree_v2, CUdeviceptr) \
  X(cuMemHostAlloc, cuMemHostAlloc, void**, size_t, unsigned) \
  X(cuMemFreeHost, cuMemFreeHost, void*) \
  X(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2, CUdeviceptr, const void*, size_t, CUstream) \
  X(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2, void*, CUdeviceptr, size_t, CUstream) \
  X(cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2, CUdeviceptr, CUdeviceptr, size_t, CUstream) \
  X(cuMemsetD8Async, cuMemsetD8Async, CUdeviceptr, unsigned char, size_t, CUstream) \
  X(cuMemsetD32Async, cuMemsetD32Async, CUdeviceptr, unsigned, size_t, CUstream) \
  X(cuModuleLoadData, cuModuleLoadData, CUmodule*, const void*) \
  X(cuModuleUnload, cuModuleUnload, CUmodule) \
  X(cuModuleGetFunction, cuModuleGetFunction, CUfunction*, CUmodule, const char*) \
  X(cuFuncGetAttribute, cuFuncGetAttribute, int*, int, CUfunction) \
  X(cuLaunchKernel, cuLaunchKernel, CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**, \
    void**) \
  X(cuGraphInstantiate, cuGraphInstantiateWithFlags, CUgraphExec*, CUgraph, unsigned long long) \
  X(cuGraphLaunch, cuGraphLaunch, CUgraphExec, CUstream) \
  X(cuGraphExecDestroy, cuGraphExecDestroy, CUgraphExec) \
  X(cuGraphDestroy, cuGraphDestroy, CUgraph)

// Drivers since 12.4 have these.
#define ABI_DRIVER_OPTIONAL(X) X(cuFuncGetParamInfo, cuFuncGetParamInfo, CUfunction, size_t, size_t*, size_t*)

#define ABI_NVRTC(X) \
  X(nvrtcVersion, nvrtcVersion, int*, int*) \
  X(nvrtcCreateProgram, nvrtcCreateProgram, nvrtcProgram*, const char*, const char*, int, const char* const*, const char* const*) \
  X(nvrtcDestroyProgram, nvrtcDestroyProgram, nvrtcProgram*) \
  X(nvrtcCompileProgram, nvrtcCompileProgram, nvrtcProgram, int, const char* const*) \
  X(nvrtcGetProgramLogSize, nvrtcGetProgramLogSize, nvrtcProgram, size_t*) \
  X(nvrtcGetProgramLog, nvrtcGetProgramLog, nvrtcProgram, char*) \
  X(nvrtcGetCUBINSize, nvrtcGetCUBINSize, nvrtcProgram, size_t*) \
  X(nvrtcGetCUBIN, nvrtcGetCUBIN, nvrtcProgram, char*)

#define ABI_CUBLASLT(X) \
  X(cublasLtCreate, cublasLtCreate, cublasLtHandle*) \
  X(cublasLtDestroy, cublasLtDestroy, cublasLtHandle) \
  X(cublasLtMatmulDescCreate, cublasLtMatmulDescCreate, cublasLtDesc*, int, int) \
  X(cublasLtMatmulDescDestroy, cublasLtMatmulDescDestroy, cublasLtDesc) \
  X(cublasLtMatmulDescSetAttribute, cublasLtMatmulDescSetAttribute, cublasLtDesc, int, const void*, size_t) \
  X(cublasLtMatrixLayoutCreate, cublasLtMatrixLayoutCreate, cublasLtLayout*, int, uint64_t, uint64_t, int64_t) \
  X(cublasLtMatrixLayoutDestroy, cublasLtMatrixLayoutDestroy, cublasLtLayout) \
  X(cublasLtMatrixLayoutSetAttribute, cublasLtMatrixLayoutSetAttribute, cublasLtLayout, int, const void*, size_t) \
  X(cublasLtMatmulPreferenceCreate, cublasLtMatmulPreferenceCreate, cublasLtPreference*) \
  X(cublasLtMatmulPreferenceDestroy, cublasLtMatmulPreferenceDestroy, cublasLtPreference) \
  X(cublasLtMatmulPreferenceSetAttribute, cublasLtMatmulPreferenceSetAttribute, cublasLtPreference, int, const void*, size_t) \
  X(cublasLtMatmulAlgoGetHeuristic, cublasLtMatmulAlgoGetHeuristic, cublasLtHandle, cublasLtDesc, cublasLtLayout, cublasLtLayout, \
    cublasLtLayout, cublasLtLayout, cublasLtPreference, int, cublasLtHeuristic*, int*) \
  X(cublasLtMatmul, cublasLtMatmul, cublasLtHandle, cublasLtDesc, const void*, const void*, cublasLtLayout, const void*, cublasLtLayout, \
    const void*, const void*, cublasLtLayout, void*, cublasLtLayout, const cublasLtAlgo*, void*, size_t, CUstream)

#define ABI_CUDNN(X) \
  X(cudnnCreate, cudnnCreate, cudnnHandle*) \
  X(cudnnDestroy, cudnnDestroy, cudnnHandle) \
  X(cudnnSetStream, cudnnSetStream, cudnnHandle, CUstream) \
  X(cudnnCreateTensorDescriptor, cudnnCreateTensorDescriptor, cudnnTensor*) \
  X(cudnnSetTensor4dDescriptor, cudnnSetTensor4dDescriptor, cudnnTensor, int, int, int, int, int, int) \
  X(cudnnDestroyTensorDescriptor, cudnnDestroyTensorDescriptor, cudnnTensor) \
  X(cudnnCreateFilterDescriptor, cudnnCreateFilterDescriptor, cudnnFilter*) \
  X(cudnnSetFilter4dDescriptor, cudnnSetFilter4dDescriptor, cudnnFilter, int, int, int, int, int, int) \
  X(cudnnDestroyFilterDescriptor, cudnnDestroyFilterDescriptor, cudnnFilter) \
  X(cudnnCreateConvolutionDescriptor, cudnnCreateConvolutionDescriptor, cudnnConvolution*) \
  X(cudnnSetConvolution2dDescriptor, cudnnSetConvolution2dDescriptor, cudnnConvolution, int, int, int, int, int, int, int, int) \
  X(cudnnSetConvolutionMathType, cudnnSetConvolutionMathType, cudnnConvolution, int) \
  X(cudnnSetConvolutionGroupCount, cudnnSetConvolutionGroupCount, cudnnConvolution, int) \
  X(cudnnDestroyConvolutionDescriptor, cudnnDestroyConvolutionDescriptor, cudnnConvolution) \
  X(cudnnCreateActivationDescriptor, cudnnCreateActivationDescriptor, cudnnActivation*) \
  X(cudnnSetActivationDescriptor, cudnnSetActivationDescriptor, cudnnActivation, int, int, double) \
  X(cudnnDestroyActivationDescriptor, cudnnDestroyActivationDescriptor, cudnnActivation) \
  X(cudnnGetConvolutionForwardWorkspaceSize, cudnnGetConvolutionForwardWorkspaceSize, cudnnHandle, cudnnTensor, cudnnFilter, \
    cudnnConvolution, cudnnTensor, int, size_t*) \
  X(cudnnGetConvolutionBackwardFilterWorkspaceSize, cudnnGetConvolutionBackwardFilterWorkspaceSize, cudnnHandle, cudnnTensor, cudnnTensor, \
    cudnnConvolution, cudnnFilter, int, size_t*) \
  X(cudnnConvolutionForward, cudnnConvolutionForward, cudnnHandle, const void*, cudnnTensor, const void*, cudnnFilter, const void*, \
    cudnnConvolution, int, void*, size_t, const void*, cudnnTensor, void*) \
  X(cudnnConvolutionBiasActivationForward, cudnnConvolutionBiasActivationForward, cudnnHandle, const void*, cudnnTensor, const void*, \
    cudnnFilter, const void*, cudnnConvolution, int, void*, size_t, const void*, cudnnTensor, const void*, cudnnTensor, const void*, \
    cudnnActivation, cudnnTensor, void*) \
  X(cudnnConvolutionBackwardFilter, cudnnConvolutionBackwardFilter, cudnnHandle, const void*, cudnnTensor, const void*, cudnnTensor, \
    const void*, cudnnConvolution, int, void*, size_t, const void*, cudnnFilter, void*)

template <class... Parameters>
struct Function {
  const char* name;
  const char* symbol;
  int (*address)(Parameters...) = nullptr;
};

#define ABI_MEMBER(name, symbol, ...) Function<__VA_ARGS__> name{#name, #symbol};
struct Driver {
  ABI_DRIVER(ABI_MEMBER)
  ABI_DRIVER_OPTIONAL(ABI_MEMBER)
};
struct Nvrtc {
  ABI_NVRTC(ABI_MEMBER)
};
struct CublasLt {
  ABI_CUBLASLT(ABI_MEMBER)
};
struct Cudnn {
  ABI_CUDNN(ABI_MEMBER)
};
#undef ABI_MEMBER

}  // namespace abi
