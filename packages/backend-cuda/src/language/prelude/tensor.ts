/**
 * Tensor cores: a warp multiplies a by b and adds to c, of float32. Operands are 32-bit words: a number rounded to tf32 (8 bits of exponent, 10 of
 * fraction), or two neighbours along the sum as bf16, the first in the low half. The words of a lane are those of `mma.sync` in the PTX ISA
 * ("Matrix Fragments for mma.m16n8k8" for tf32, "m16n8k16" for bf16), with g = lane / 4, t = lane % 4, k counting words:
 *
 *   a[0] row g, k t      a[1] row g + 8, k t      a[2] row g, k t + 4      a[3] row g + 8, k t + 4
 *   b[0] k t, column g   b[1] k t + 4, column g
 *   c[0] row g, column 2t   c[1] row g, column 2t + 1   c[2] row g + 8, column 2t   c[3] row g + 8, column 2t + 1
 */

const mma = (suffix: string, shape: string): string => `DEVICE void mma_${suffix}(float* c, const unsigned* a, const unsigned* b) {
  asm("mma.sync.aligned.${shape} {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
`

const device = `#if __CUDA_ARCH__ >= 800
DEVICE unsigned tf32_of(float x) { unsigned r; asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x)); return r; }
DEVICE unsigned bf16_of(float x, float y) { unsigned r; asm("cvt.rn.bf16x2.f32 %0, %2, %1;" : "=r"(r) : "f"(x), "f"(y)); return r; }
${mma('tf32', 'm16n8k8.row.col.f32.tf32.tf32.f32')}${mma('bf16', 'm16n8k16.row.col.f32.bf16.bf16.f32')}#endif
`

/** The same by shuffles: each lane asks for the words of its rows and columns. */
const emulatedMma = (suffix: string, product: (a: string, b: string) => string): string => {
  const sums = ['low, left', 'low, right', 'high, left', 'high, right'].map((pair, i) => {
    const [a = '', b = ''] = pair.split(', ')
    return `    c[${i}] += ${product(a, b)};`
  })
  return `DEVICE void mma_${suffix}(float* c, const unsigned* a, const unsigned* b) {
  const int g = (int)threadIdx.x % 32 / 4, t = (int)threadIdx.x % 4;
  for (int k = 0; k < 8; k++) {
    const unsigned low = shuffle_u32(k < 4 ? a[0] : a[2], g * 4 + k % 4), high = shuffle_u32(k < 4 ? a[1] : a[3], g * 4 + k % 4);
    const unsigned left = shuffle_u32(k < 4 ? b[0] : b[1], t * 8 + k % 4), right = shuffle_u32(k < 4 ? b[0] : b[1], t * 8 + 4 + k % 4);
${sums.join('\n')}
  }
}
`
}

/** `cvt.rna` rounds ties away from zero, `cvt.rn` to even. */
const emulation = `DEVICE unsigned tf32_of(float x) {
  const unsigned b = float_as_uint(x);
  return (b & 0x7f800000u) == 0x7f800000u ? b : (b + 0x1000u) & 0xffffe000u;
}
DEVICE unsigned bf16_of(float x, float y) { return bf16_of_f32(x) | (unsigned)bf16_of_f32(y) << 16; }
DEVICE float mma_of_tf32(unsigned x, unsigned y) { return uint_as_float(x) * uint_as_float(y); }
DEVICE float mma_of_bf16(unsigned x, unsigned y) {
  return uint_as_float(x << 16) * uint_as_float(y << 16) + uint_as_float(x & 0xffff0000u) * uint_as_float(y & 0xffff0000u);
}
${emulatedMma('tf32', (a, b) => `mma_of_tf32(${a}, ${b})`)}${emulatedMma('bf16', (a, b) => `mma_of_bf16(${a}, ${b})`)}`

/** Not part of every program: kernels that use it name it among their functions. */
export const tensor: string = `#ifdef CUDA_EMULATION
${emulation}#else
${device}#endif
`
