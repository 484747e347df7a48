/*
 * What generated CUDA C finds when the fake driver compiles it for the host, by tcc as C11 or by g++ as C++17. The fake NVRTC includes this
 * before the program and defines CUDA_EMULATION; the prelude of the backend then leaves these names to this file:
 *
 *   KERNEL(threads) name(parameters) { ... }   a kernel; the fake finds its name and its parameters by this form (entries.cpp);
 *                                              KERNEL(threads, blocks) as in __launch_bounds__
 *   DEVICE type name(parameters) { ... }       a function that kernels call
 *   SHARED(type, name, count)                  shared memory: `name` is a pointer to `count` elements, which hold poison at first
 *   BARRIER() WARP_BARRIER()                   __syncthreads, __syncwarp
 *   check_aligned(address, bytes)              before an access of `bytes` bytes at once: a GPU refuses it where the address is no multiple
 *   shuffle_T shuffle_xor_T shuffle_up_T shuffle_down_T   T in f32 f64 i32 u32 i64; all lanes of a warp take part
 *   ballot(predicate)                          __ballot_sync over the whole warp
 *   atomic_{add,min,max,exchange}_{i32,u32}(address, value), atomic_{and,or,xor}_u32, atomic_cas_{i32,u32,u64}(address, expected, value)
 *   float_as_uint ..., mulhi_i32 mulhi_u32, popcount_u32, leading_zeros_u32, reversed_u32
 *   threadIdx blockIdx blockDim gridDim, float2 float4 double2 int2 int4 uint2 uint4 uchar4 with their fields,
 *   __fadd_rn ..., rsqrtf, and the functions of C99's math.h
 *
 * Threads of a block are fibers of one system thread, and one block runs at a time: nothing here needs to be atomic.
 */
#define CUDA_EMULATION 1

#ifdef __cplusplus
#define EMU_C extern "C"
#else
#define EMU_C
#define bool _Bool
#define true 1
#define false 0
#endif

#define __restrict__
#define EMU_INLINE static inline
#define __forceinline__
#define KERNEL(...) EMU_C void
#define ENTRY(...)
#define DEVICE static inline

typedef struct { unsigned x, y, z; } EmuIndex;

/* The driver's side of a running thread; scheduler.hpp has the same structure. `line` is where the program calls. */
typedef struct {
  EmuIndex thread, block, threads, blocks;
  unsigned lane;
  void (*barrier)(int line);
  void (*warpBarrier)(int line);
  unsigned long long (*exchange)(unsigned long long bits, unsigned lane, int line);
  unsigned (*ballot)(int predicate, int line);
  void *(*shared)(const void *site, unsigned long long bytes, int line);
  void (*aligned)(const void *address, unsigned bytes, int line);
} EmuThread;

static EmuThread *emu;
EMU_C void emu_bind(EmuThread *thread) { emu = thread; }

#define threadIdx (emu->thread)
#define blockIdx (emu->block)
#define blockDim (emu->threads)
#define gridDim (emu->blocks)
#define warpSize 32

#define BARRIER() emu->barrier(__LINE__)
#define WARP_BARRIER() emu->warpBarrier(__LINE__)
/* The address of the static variable names the place: two calls of a function share its memory, as in CUDA. */
#define SHARED(type, name, count) \
  static int name##_site;         \
  type *const name = (type *)emu->shared(&name##_site, sizeof(type) * (count), __LINE__)
#define check_aligned(address, bytes) emu->aligned((address), (bytes), __LINE__)

/* Vectors. Their alignment is CUDA's. */
#define EMU_VECTOR2(name, type, bytes) typedef struct { type x, y; } __attribute__((aligned(bytes))) name;
#define EMU_VECTOR4(name, type, bytes) typedef struct { type x, y, z, w; } __attribute__((aligned(bytes))) name;
EMU_VECTOR2(float2, float, 8)
EMU_VECTOR2(int2, int, 8)
EMU_VECTOR2(uint2, unsigned, 8)
EMU_VECTOR2(double2, double, 16)
EMU_VECTOR4(float4, float, 16)
EMU_VECTOR4(int4, int, 16)
EMU_VECTOR4(uint4, unsigned, 16)
EMU_VECTOR4(uchar4, unsigned char, 4)

/* Bits of one type as another. */
#define EMU_BITS(name, from, to)           \
  EMU_INLINE to name(from value) {             \
    union { from in; to out; } bits;       \
    bits.in = value;                       \
    return bits.out;                       \
  }
EMU_BITS(float_as_uint, float, unsigned)
EMU_BITS(float_as_int, float, int)
EMU_BITS(uint_as_float, unsigned, float)
EMU_BITS(int_as_float, int, float)
EMU_BITS(double_as_longlong, double, long long)
EMU_BITS(longlong_as_double, long long, double)

/* Shuffles: each value crosses as 64 bits. An out of range source of `up` and `down` gives the lane's own value. */
EMU_INLINE unsigned emu_up(unsigned delta) { return delta > emu->lane ? emu->lane : emu->lane - delta; }
EMU_INLINE unsigned emu_down(unsigned delta) { return emu->lane + delta > 31 ? emu->lane : emu->lane + delta; }
#define EMU_SHUFFLE(suffix, type, word, to, from)                                                       \
  EMU_INLINE type emu_shuffle_##suffix(type value, unsigned lane, int line) {                               \
    return from((word)emu->exchange((unsigned long long)to(value), lane, line));                        \
  }
EMU_SHUFFLE(f32, float, unsigned, float_as_uint, uint_as_float)
EMU_SHUFFLE(f64, double, long long, double_as_longlong, longlong_as_double)
EMU_SHUFFLE(i32, int, unsigned, (unsigned), (int))
EMU_SHUFFLE(u32, unsigned, unsigned, , )
EMU_SHUFFLE(i64, long long, long long, , )
#define shuffle_f32(value, lane) emu_shuffle_f32(value, (lane) & 31, __LINE__)
#define shuffle_f64(value, lane) emu_shuffle_f64(value, (lane) & 31, __LINE__)
#define shuffle_i32(value, lane) emu_shuffle_i32(value, (lane) & 31, __LINE__)
#define shuffle_u32(value, lane) emu_shuffle_u32(value, (lane) & 31, __LINE__)
#define shuffle_i64(value, lane) emu_shuffle_i64(value, (lane) & 31, __LINE__)
#define shuffle_xor_f32(value, mask) emu_shuffle_f32(value, emu->lane ^ (mask), __LINE__)
#define shuffle_xor_f64(value, mask) emu_shuffle_f64(value, emu->lane ^ (mask), __LINE__)
#define shuffle_xor_i32(value, mask) emu_shuffle_i32(value, emu->lane ^ (mask), __LINE__)
#define shuffle_xor_u32(value, mask) emu_shuffle_u32(value, emu->lane ^ (mask), __LINE__)
#define shuffle_xor_i64(value, mask) emu_shuffle_i64(value, emu->lane ^ (mask), __LINE__)
#define shuffle_up_f32(value, delta) emu_shuffle_f32(value, emu_up(delta), __LINE__)
#define shuffle_up_f64(value, delta) emu_shuffle_f64(value, emu_up(delta), __LINE__)
#define shuffle_up_i32(value, delta) emu_shuffle_i32(value, emu_up(delta), __LINE__)
#define shuffle_up_u32(value, delta) emu_shuffle_u32(value, emu_up(delta), __LINE__)
#define shuffle_up_i64(value, delta) emu_shuffle_i64(value, emu_up(delta), __LINE__)
#define shuffle_down_f32(value, delta) emu_shuffle_f32(value, emu_down(delta), __LINE__)
#define shuffle_down_f64(value, delta) emu_shuffle_f64(value, emu_down(delta), __LINE__)
#define shuffle_down_i32(value, delta) emu_shuffle_i32(value, emu_down(delta), __LINE__)
#define shuffle_down_u32(value, delta) emu_shuffle_u32(value, emu_down(delta), __LINE__)
#define shuffle_down_i64(value, delta) emu_shuffle_i64(value, emu_down(delta), __LINE__)
#define ballot(predicate) emu->ballot(!!(predicate), __LINE__)

/* Integer atomics; each gives the value before. */
#define EMU_ATOMIC(name, type, result)              \
  EMU_INLINE type name(type *address, type value) {     \
    type old = *address;                            \
    *address = (result);                            \
    return old;                                     \
  }
EMU_ATOMIC(atomic_add_i32, int, (int)((unsigned)old + (unsigned)value))
EMU_ATOMIC(atomic_add_u32, unsigned, old + value)
EMU_ATOMIC(atomic_min_i32, int, value < old ? value : old)
EMU_ATOMIC(atomic_min_u32, unsigned, value < old ? value : old)
EMU_ATOMIC(atomic_max_i32, int, value > old ? value : old)
EMU_ATOMIC(atomic_max_u32, unsigned, value > old ? value : old)
EMU_ATOMIC(atomic_exchange_i32, int, value)
EMU_ATOMIC(atomic_exchange_u32, unsigned, value)
EMU_ATOMIC(atomic_and_u32, unsigned, old & value)
EMU_ATOMIC(atomic_or_u32, unsigned, old | value)
EMU_ATOMIC(atomic_xor_u32, unsigned, old ^ value)
#define EMU_CAS(name, type)                                        \
  EMU_INLINE type name(type *address, type expected, type value) {     \
    type old = *address;                                           \
    if (old == expected) *address = value;                         \
    return old;                                                    \
  }
EMU_CAS(atomic_cas_i32, int)
EMU_CAS(atomic_cas_u32, unsigned)
EMU_CAS(atomic_cas_u64, unsigned long long)
#define __threadfence() ((void)0)
#define __threadfence_block() ((void)0)

/* Integers. */
EMU_INLINE unsigned mulhi_u32(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
EMU_INLINE int mulhi_i32(int a, int b) { return (int)(((long long)a * b) >> 32); }
EMU_INLINE int popcount_u32(unsigned v) {
  v -= (v >> 1) & 0x55555555u;
  v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
  return (int)((((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24);
}
EMU_INLINE int leading_zeros_u32(unsigned v) {
  v |= v >> 1, v |= v >> 2, v |= v >> 4, v |= v >> 8, v |= v >> 16;
  return 32 - popcount_u32(v);
}
EMU_INLINE unsigned reversed_u32(unsigned v) {
  v = ((v >> 1) & 0x55555555u) | ((v & 0x55555555u) << 1);
  v = ((v >> 2) & 0x33333333u) | ((v & 0x33333333u) << 2);
  v = ((v >> 4) & 0x0f0f0f0fu) | ((v & 0x0f0f0f0fu) << 4);
  v = ((v >> 8) & 0x00ff00ffu) | ((v & 0x00ff00ffu) << 8);
  return (v >> 16) | (v << 16);
}

/* The host's C99 functions, by hand: math.h takes a compiler more time than a program. */
#define EMU_MATH1(name) EMU_C float name##f(float); EMU_C double name(double);
#define EMU_MATH2(name) EMU_C float name##f(float, float); EMU_C double name(double, double);
EMU_MATH1(acos) EMU_MATH1(acosh) EMU_MATH1(asin) EMU_MATH1(asinh) EMU_MATH1(atan) EMU_MATH1(atanh) EMU_MATH1(cbrt) EMU_MATH1(ceil)
EMU_MATH1(cos) EMU_MATH1(cosh) EMU_MATH1(erf) EMU_MATH1(erfc) EMU_MATH1(exp) EMU_MATH1(exp2) EMU_MATH1(expm1) EMU_MATH1(fabs)
EMU_MATH1(floor) EMU_MATH1(lgamma) EMU_MATH1(log) EMU_MATH1(log10) EMU_MATH1(log1p) EMU_MATH1(log2) EMU_MATH1(nearbyint)
EMU_MATH1(rint) EMU_MATH1(round) EMU_MATH1(sin) EMU_MATH1(sinh) EMU_MATH1(sqrt) EMU_MATH1(tan) EMU_MATH1(tanh) EMU_MATH1(tgamma)
EMU_MATH1(trunc) EMU_MATH2(atan2) EMU_MATH2(copysign) EMU_MATH2(fdim) EMU_MATH2(fmax) EMU_MATH2(fmin) EMU_MATH2(fmod) EMU_MATH2(hypot)
EMU_MATH2(nextafter) EMU_MATH2(pow) EMU_MATH2(remainder)
EMU_C float fmaf(float, float, float);
EMU_C double fma(double, double, double);
EMU_C float ldexpf(float, int);
EMU_C double ldexp(double, int);
EMU_INLINE float rsqrtf(float x) { return 1.0f / sqrtf(x); }
EMU_INLINE double rsqrt(double x) { return 1.0 / sqrt(x); }

/* Arithmetic that is never contracted to a fused operation; the host's never is. */
#define EMU_ROUNDED(suffix, type)                                      \
  EMU_INLINE type __##suffix##add_rn(type a, type b) { return a + b; }     \
  EMU_INLINE type __##suffix##sub_rn(type a, type b) { return a - b; }     \
  EMU_INLINE type __##suffix##mul_rn(type a, type b) { return a * b; }     \
  EMU_INLINE type __##suffix##div_rn(type a, type b) { return a / b; }
EMU_ROUNDED(f, float)
EMU_ROUNDED(d, double)
EMU_INLINE float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
EMU_INLINE double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
EMU_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
EMU_INLINE double __dsqrt_rn(double x) { return sqrt(x); }
