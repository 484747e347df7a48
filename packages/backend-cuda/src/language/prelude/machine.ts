/**
 * What differs between a GPU and the emulation of tests: how functions and shared memory are declared, barriers, shuffles, atomics, bits.
 *
 * Generated text is CUDA C++17 that is also C11. Without a GPU, tests compile it as C: the fake driver's `emulation.h` defines CUDA_EMULATION
 * and all names of this file, and stands before the text. Names that end in a type exist for each of f32, f64, i32, u32.
 *
 * `ENTRY(NAME, *(TYPE*)p[0], ...)` stands after each kernel. The emulation makes of it the function that calls the kernel with the driver's
 * `void** p`; on a GPU it is nothing.
 */

const types = { f32: 'float', f64: 'double', i32: 'int', u32: 'unsigned' } as const

/** `shuffle_T(v, lane)`, and relative to the own lane; all 32 lanes of a warp take part. `up` and `down` keep the own value at the ends. */
const shuffles = Object.entries(types)
  .map(
    ([suffix, type]) => `DEVICE ${type} shuffle_${suffix}(${type} v, int lane) { return __shfl_sync(0xffffffffu, v, lane); }
DEVICE ${type} shuffle_xor_${suffix}(${type} v, int mask) { return __shfl_xor_sync(0xffffffffu, v, mask); }
DEVICE ${type} shuffle_up_${suffix}(${type} v, int by) { return __shfl_up_sync(0xffffffffu, v, by); }
DEVICE ${type} shuffle_down_${suffix}(${type} v, int by) { return __shfl_down_sync(0xffffffffu, v, by); }`,
  )
  .join('\n')

export const machine: string = `#ifndef CUDA_EMULATION
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define DEVICE static __device__ __forceinline__
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define BARRIER() __syncthreads()
#define WARP_BARRIER() __syncwarp()
#define ENTRY(name, ...)
${shuffles}
DEVICE unsigned ballot(int predicate) { return __ballot_sync(0xffffffffu, predicate); }
DEVICE unsigned float_as_uint(float x) { return __float_as_uint(x); }
DEVICE int float_as_int(float x) { return __float_as_int(x); }
DEVICE float uint_as_float(unsigned x) { return __uint_as_float(x); }
DEVICE float int_as_float(int x) { return __int_as_float(x); }
DEVICE long long double_as_longlong(double x) { return __double_as_longlong(x); }
DEVICE double longlong_as_double(long long x) { return __longlong_as_double(x); }
DEVICE unsigned mulhi_u32(unsigned a, unsigned b) { return __umulhi(a, b); }
DEVICE int popcount_u32(unsigned x) { return __popc(x); }
DEVICE int atomic_add_i32(int* p, int v) { return atomicAdd(p, v); }
DEVICE unsigned atomic_add_u32(unsigned* p, unsigned v) { return atomicAdd(p, v); }
DEVICE int atomic_max_i32(int* p, int v) { return atomicMax(p, v); }
DEVICE int atomic_min_i32(int* p, int v) { return atomicMin(p, v); }
DEVICE unsigned atomic_max_u32(unsigned* p, unsigned v) { return atomicMax(p, v); }
DEVICE unsigned atomic_min_u32(unsigned* p, unsigned v) { return atomicMin(p, v); }
DEVICE unsigned atomic_or_u32(unsigned* p, unsigned v) { return atomicOr(p, v); }
DEVICE unsigned atomic_cas_u32(unsigned* p, unsigned expected, unsigned v) { return atomicCAS(p, expected, v); }
DEVICE void check_aligned(const void* p, int bytes) {}
#endif
`
