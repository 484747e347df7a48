// CUDA's names as plain declarations, so that any C++ compiler can read a program as NVRTC does: types, overloads, C++17's rules. Nothing of it runs.
#pragma once
#include <math.h>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define __CUDA_ARCH__ 900
// PTX is NVIDIA's alone.
#define asm(...) (void)0

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) double2 { double x, y; };
struct dim3 { unsigned x, y, z; };
extern const dim3 threadIdx, blockIdx, blockDim, gridDim;

void __syncthreads();
void __syncwarp(unsigned mask = 0xffffffffu);
template <class T> T __shfl_sync(unsigned mask, T value, int lane);
template <class T> T __shfl_xor_sync(unsigned mask, T value, int lane);
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned by);
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned by);
unsigned __ballot_sync(unsigned mask, int predicate);

template <class T> T atomicAdd(T* address, T value);
template <class T> T atomicMin(T* address, T value);
template <class T> T atomicMax(T* address, T value);
template <class T> T atomicExch(T* address, T value);
template <class T> T atomicAnd(T* address, T value);
template <class T> T atomicOr(T* address, T value);
template <class T> T atomicXor(T* address, T value);
template <class T> T atomicCAS(T* address, T expected, T value);

unsigned __float_as_uint(float);
int __float_as_int(float);
float __uint_as_float(unsigned);
float __int_as_float(int);
long long __double_as_longlong(double);
double __longlong_as_double(long long);
unsigned __umulhi(unsigned, unsigned);
int __mulhi(int, int);
int __popc(unsigned);
int __clz(int);
unsigned __brev(unsigned);
