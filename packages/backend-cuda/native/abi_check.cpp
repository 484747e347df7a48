// Compared with the headers that are installed: every constant, and of every function the number, sizes and kinds of parameters.
// Not part of the addon: test/addonAbi.test.ts compiles it.
#include <cuda.h>
#include <library_types.h>
#if __has_include(<nvrtc.h>)
#include <nvrtc.h>
#define HAS_NVRTC
#endif
#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#define HAS_CUBLASLT
#endif
#if __has_include(<cudnn.h>)
#include <cudnn.h>
#define HAS_CUDNN
#endif
#include <type_traits>

#include "abi.hpp"

enum class Kind { pointer, integer, floating, other };

template <class T>
constexpr Kind kindOf() {
  if (std::is_pointer_v<T>) return Kind::pointer;
  if (std::is_integral_v<T> || std::is_enum_v<T>) return Kind::integer;
  return std::is_floating_point_v<T> ? Kind::floating : Kind::other;
}

template <class Ours, class Theirs>
constexpr bool agrees = false;
template <class... Ours, class Status, class... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs) && sizeof(Status) == sizeof(int))
constexpr bool agrees<abi::Function<Ours...>, Status (*)(Theirs...)> =
  ((sizeof(Ours) == sizeof(Theirs) && kindOf<Ours>() == kindOf<Theirs>()) && ...);

// cuda.h renames functions by macros (cuMemAlloc is cuMemAlloc_v2): it does so to the members of abi::Driver above, too.
#define CHECK_CONSTANT(name, value) static_assert(int(abi::name) == int(::name), #name);
#define CHECK_DRIVER(name, symbol, ...) static_assert(agrees<decltype(abi::Driver::name), decltype(&::symbol)>, #symbol);
#define CHECK_NVRTC(name, symbol, ...) static_assert(agrees<decltype(abi::Nvrtc::name), decltype(&::symbol)>, #symbol);
#define CHECK_CUBLASLT(name, symbol, ...) static_assert(agrees<decltype(abi::CublasLt::name), decltype(&::symbol)>, #symbol);
#define CHECK_CUDNN(name, symbol, ...) static_assert(agrees<decltype(abi::Cudnn::name), decltype(&::symbol)>, #symbol);

ABI_DRIVER_CONSTANTS(CHECK_CONSTANT)
ABI_TYPE_CONSTANTS(CHECK_CONSTANT)
ABI_DRIVER(CHECK_DRIVER)
#if CUDA_VERSION >= 12040
ABI_DRIVER_OPTIONAL(CHECK_DRIVER)
#endif
#ifdef HAS_NVRTC
ABI_NVRTC_CONSTANTS(CHECK_CONSTANT)
ABI_NVRTC(CHECK_NVRTC)
#endif
#ifdef HAS_CUBLASLT
ABI_CUBLASLT_CONSTANTS(CHECK_CONSTANT)
ABI_CUBLASLT(CHECK_CUBLASLT)
static_assert(sizeof(abi::cublasLtAlgo) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(abi::cublasLtHeuristic) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(abi::cublasLtHeuristic, workspaceSize) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(abi::cublasLtHeuristic, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
#endif
#ifdef HAS_CUDNN
ABI_CUDNN_CONSTANTS(CHECK_CONSTANT)
ABI_CUDNN(CHECK_CUDNN)
#endif

