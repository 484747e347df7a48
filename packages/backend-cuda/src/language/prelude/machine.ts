/**
 * What differs between a GPU and the emulation of tests: how functions and shared memory are declared, barriers, shuffles, atomics.
 *
 * Generated text is CUDA C++17 that is also C11. Without a GPU, tests compile it as C: the fake driver's `emulation.h` defines CUDA_EMULATION
 * and all names of this file, and stands before the text. There are, besides, `threadIdx` and its kin, vector types such as float4 with their
 * fields, and the functions of C99's mathematics. Shuffles exist for each of f32, f64, i32, u32, i64.
 */

const types = { f32: 'float', f64: 'double', i32: 'int', u32: 'unsigned', i64: 'long long' } as const

/** `shuffle_T(v, lane)`, and relative to the own lane; all 32 lanes of a warp take part. `up` and `down` keep the own value at the ends. */
const shuffles = Object.entries(types)
  .map(
    ([suffix, type]) => `DEVICE ${type} shuffle_${suffix}(${type} v, int lane) { return __shfl_sync(0xffffffffu, v, lane); }
DEVICE ${type} shuffle_xor_${suffix}(${type} v, int mask) { return __shfl_xor_sync(0xffffffffu, v, mask); }
DEVICE ${type} shuffle_up_${suffix}(${type} v, int by) { return __shfl_up_sync(0xffffffffu, v, by); }
DEVICE ${type} shuffle_down_${suffix}(${type} v, int by) { return __shfl_down_sync(0xffffffffu, v, by); }`,
  )
  .join('\n')

const atomic = (name: string, cuda: string, suffix: 'i32' | 'u32'): string => {
  const type = types[suffix]
  return `DEVICE ${type} atomic_${name}_${suffix}(${type}* p, ${type} v) { return ${cuda}(p, v); }`
}
const operations = { add: 'atomicAdd', min: 'atomicMin', max: 'atomicMax', exchange: 'atomicExch' }
/** Each gives the value before. Only of integers: sums of floats would depend on the order of threads. */
const atomics = [
  ...Object.entries(operations).flatMap(([name, cuda]) => [atomic(name, cuda, 'i32'), atomic(name, cuda, 'u32')]),
  atomic('and', 'atomicAnd', 'u32'),
  atomic('or', 'atomicOr', 'u32'),
  atomic('xor', 'atomicXor', 'u32'),
  'DEVICE int atomic_cas_i32(int* p, int expected, int v) { return atomicCAS(p, expected, v); }',
  'DEVICE unsigned atomic_cas_u32(unsigned* p, unsigned expected, unsigned v) { return atomicCAS(p, expected, v); }',
  'DEVICE unsigned long long atomic_cas_u64(unsigned long long* p, unsigned long long expected, unsigned long long v) { return atomicCAS(p, expected, v); }',
].join('\n')

const bits = (name: string, from: string, to: string): string => `DEVICE ${to} ${name}(${from} x) { return __${name}(x); }`
const intrinsics = [
  bits('float_as_uint', 'float', 'unsigned'),
  bits('float_as_int', 'float', 'int'),
  bits('uint_as_float', 'unsigned', 'float'),
  bits('int_as_float', 'int', 'float'),
  bits('double_as_longlong', 'double', 'long long'),
  bits('longlong_as_double', 'long long', 'double'),
  'DEVICE unsigned mulhi_u32(unsigned a, unsigned b) { return __umulhi(a, b); }',
  'DEVICE int mulhi_i32(int a, int b) { return __mulhi(a, b); }',
  'DEVICE int popcount_u32(unsigned x) { return __popc(x); }',
  'DEVICE int leading_zeros_u32(unsigned x) { return __clz((int)x); }',
  'DEVICE unsigned reversed_u32(unsigned x) { return __brev(x); }',
].join('\n')

/** `check_aligned` stands before an access of several elements at once; the hardware checks by itself. */
export const machine: string = `#ifndef CUDA_EMULATION
#define KERNEL(...) extern "C" __global__ void __launch_bounds__(__VA_ARGS__)
#define DEVICE static __device__ __forceinline__
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define BARRIER() __syncthreads()
#define WARP_BARRIER() __syncwarp()
${shuffles}
DEVICE unsigned ballot(int predicate) { return __ballot_sync(0xffffffffu, predicate); }
DEVICE void check_aligned(const void*, int) {}
${intrinsics}
${atomics}
#endif
`
