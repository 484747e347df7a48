/**
 * The dtypes that are only in memory: floats of 16 bits, stored as their bits in `unsigned short`, and integers of 8. `f32_of_T` widens exactly; `T_of_f32`
 * rounds half to even, to infinity beyond the range, and keeps NaN, -0 and subnormals. Vectors are of four values as in vectors.ts, and of as many as 16 bytes
 * hold. A GPU has instructions (`cvt` in the PTX ISA), the one for bfloat16 from compute capability 8.0 on.
 */

/** The lower half of a float's bits is half of the last place that stays, less one bit, plus the last place where that is odd. */
const bfloat16 = `DEVICE float f32_of_bf16(unsigned short h) { return uint_as_float((unsigned)h << 16); }
DEVICE unsigned short bf16_of_f32(float x) {
#if !defined(CUDA_EMULATION) && __CUDA_ARCH__ >= 800
  unsigned short h;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(x));
  return h;
#else
  const unsigned b = float_as_uint(x);
  return (unsigned short)(x != x ? 0x7fffu : (b + 0x7fffu + (b >> 16 & 1u)) >> 16);
#endif
}`

/**
 * Exponents differ by 112. Below the normal numbers of float16 the fraction is a multiple of 2^-24: that is what a number that 0.5 is added to is rounded to.
 */
const float16 = `#ifndef CUDA_EMULATION
DEVICE float f32_of_f16(unsigned short h) { float x; asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h)); return x; }
DEVICE unsigned short f16_of_f32(float x) { unsigned short h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x)); return h; }
#else
DEVICE float f32_of_f16(unsigned short h) {
  const unsigned size = h & 0x7fffu;
  const unsigned normal = (size << 13) + (size < 0x7c00u ? 0x38000000u : 0x70000000u);
  const unsigned subnormal = float_as_uint((float)(int)size * 5.9604644775390625e-8f);
  return uint_as_float((size < 0x400u ? subnormal : normal) | (h & 0x8000u) << 16);
}
DEVICE unsigned short f16_of_f32(float x) {
  const unsigned b = float_as_uint(x), size = b & 0x7fffffffu;
  const unsigned normal = (size - 0x37fff001u + (size >> 13 & 1u)) >> 13;
  const unsigned subnormal = float_as_uint(uint_as_float(size) + 0.5f) - 0x3f000000u;
  const unsigned bits = size > 0x7f800000u ? 0x7fffu : size >= 0x47800000u ? 0x7c00u : size < 0x38800000u ? subnormal : normal;
  return (unsigned short)(bits | (b >> 16 & 0x8000u));
}
#endif`

/** Two in a word. */
const halves = (suffix: string, count: 4 | 8): string => {
  const words = ['x', 'y', 'z', 'w'].slice(0, count / 2),
    vector = count === 4 ? 'uint2' : 'uint4'
  const low = (w: string): string => `f32_of_${suffix}((unsigned short)(x.${w} & 0xffffu))`,
    high = (w: string): string => `f32_of_${suffix}((unsigned short)(x.${w} >> 16))`
  return `DEVICE void load${count}_${suffix}(float* v, const unsigned short* p) {
  ${vector} x;
  check_aligned(p, ${2 * count});
  x = *(const ${vector}*)p;
  ${words.map((w, i) => `v[${2 * i}] = ${low(w)}; v[${2 * i + 1}] = ${high(w)};`).join(' ')}
}
DEVICE void store${count}_${suffix}(unsigned short* p, const float* v) {
  ${vector} x;
  check_aligned(p, ${2 * count});
  ${words.map((w, i) => `x.${w} = ${suffix}_of_f32(v[${2 * i}]) | (unsigned)${suffix}_of_f32(v[${2 * i + 1}]) << 16;`).join(' ')}
  *(${vector}*)p = x;
}`
}

/** Four in a word: `word_T` puts them together, `split_T` takes them apart. */
const bytes = (suffix: 'i8' | 'u8', type: string): string => `DEVICE void split_${suffix}(int* v, unsigned x) {
  v[0] = (${type})(x & 255u); v[1] = (${type})(x >> 8 & 255u); v[2] = (${type})(x >> 16 & 255u); v[3] = (${type})(x >> 24);
}
DEVICE unsigned word_${suffix}(const int* v) {
  return ((unsigned)v[0] & 255u) | ((unsigned)v[1] & 255u) << 8 | ((unsigned)v[2] & 255u) << 16 | (unsigned)v[3] << 24;
}
DEVICE void load4_${suffix}(int* v, const ${type}* p) {
  check_aligned(p, 4);
  split_${suffix}(v, *(const unsigned*)p);
}
DEVICE void store4_${suffix}(${type}* p, const int* v) {
  check_aligned(p, 4);
  *(unsigned*)p = word_${suffix}(v);
}
DEVICE void load16_${suffix}(int* v, const ${type}* p) {
  uint4 x;
  check_aligned(p, 16);
  x = *(const uint4*)p;
  split_${suffix}(v, x.x); split_${suffix}(v + 4, x.y); split_${suffix}(v + 8, x.z); split_${suffix}(v + 12, x.w);
}
DEVICE void store16_${suffix}(${type}* p, const int* v) {
  uint4 x;
  check_aligned(p, 16);
  x.x = word_${suffix}(v); x.y = word_${suffix}(v + 4); x.z = word_${suffix}(v + 8); x.w = word_${suffix}(v + 12);
  *(uint4*)p = x;
}`

export const stored: string = `${bfloat16}
${float16}
${halves('bf16', 4)}
${halves('bf16', 8)}
${halves('f16', 4)}
${halves('f16', 8)}
${bytes('i8', 'signed char')}
${bytes('u8', 'unsigned char')}
`
