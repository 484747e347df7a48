/** Functions behind the scalar instructions, where C's own operators leave cases undefined or decide them otherwise. */

/**
 * NaN if either is NaN, and -0 < +0. From compute capability 8.0 on the hardware has exactly this ("max.NaN" in the PTX ISA, section
 * "Floating Point Instructions"); for equal operands the sign of zero decides.
 */
const extremum = (name: 'max' | 'min', beats: '>' | '<'): string => {
  const [ifNegative, otherwise] = name === 'max' ? ['b', 'a'] : ['a', 'b']
  const ties = (isNegative: string): string => `a == b ? (${isNegative} ? ${ifNegative} : ${otherwise}) : a + b`
  return `DEVICE float ${name}_f32(float a, float b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float r;
  asm("${name}.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
#else
  return a ${beats} b ? a : b ${beats} a ? b : ${ties('float_as_int(a) < 0')};
#endif
}
DEVICE double ${name}_f64(double a, double b) {
  return a ${beats} b ? a : b ${beats} a ? b : ${ties('double_as_longlong(a) < 0')};
}`
}

/** Float to integer: towards zero, saturating, NaN gives 0. */
const saturation = (suffix: string, type: string, mark: string): string => `DEVICE int int_of_${suffix}(${type} x) {
  return x != x ? 0 : x >= 2147483648.0${mark} ? 2147483647 : x <= -2147483648.0${mark} ? -2147483647 - 1 : (int)x;
}
DEVICE unsigned uint_of_${suffix}(${type} x) {
  return !(x > 0.0${mark}) ? 0u : x >= 4294967296.0${mark} ? 4294967295u : (unsigned)x;
}
DEVICE ${type} sign_${suffix}(${type} x) {
  return x > 0.0${mark} ? 1.0${mark} : x < 0.0${mark} ? -1.0${mark} : x;
}`

/**
 * To the nearest number with `nmant` bits of mantissa and exponents from `minexp` on, half to even: adding 1.5 * 2^52 units in its last place to a double
 * moves the rest of the mantissa out.
 */
const double = (x: number): string => `${x}${Number.isInteger(x) && x < 1e21 ? '.0' : ''}`
const halfRounding = (name: string, nmant: number, minexp: number, maxexp: number): string => {
  const most = double((2 - 2 ** -nmant) * 2 ** maxexp),
    least = double(2 ** minexp),
    beyond = double(2 ** (maxexp + 1))
  return `DEVICE double round_${name}_f64(double x) {
  double size = fabs(x);
  double power = longlong_as_double(double_as_longlong(size) & 0x7ff0000000000000ll);
  double clamped = power < ${least} ? ${least} : power > ${beyond} ? ${beyond} : power;
  double magic = clamped * ${double(1.5 * 2 ** (52 - nmant))};
  double rounded = (size + magic) - magic;
  return copysign(rounded > ${most} ? longlong_as_double(0x7ff0000000000000ll) : rounded, x);
}
DEVICE float round_${name}_f32(float x) { return f32_of_${name}(${name}_of_f32(x)); }`
}

export const scalar: string = `${halfRounding('f16', 10, -14, 15)}
${halfRounding('bf16', 7, -126, 127)}
${extremum('max', '>')}
${extremum('min', '<')}
${saturation('f32', 'float', 'f')}
${saturation('f64', 'double', '')}
DEVICE int div_i32(int a, int b) { return b == 0 ? -1 : b == -1 ? (int)(0u - (unsigned)a) : a / b; }
DEVICE int rem_i32(int a, int b) { return b == 0 ? a : b == -1 ? 0 : a % b; }
DEVICE unsigned div_u32(unsigned a, unsigned b) { return b == 0u ? 4294967295u : a / b; }
DEVICE unsigned rem_u32(unsigned a, unsigned b) { return b == 0u ? a : a % b; }
DEVICE unsigned shl_u32(unsigned a, unsigned n) { return n > 31u ? 0u : a << n; }
DEVICE unsigned shr_u32(unsigned a, unsigned n) { return n > 31u ? 0u : a >> n; }
DEVICE int sar_i32(int a, unsigned n) { return a >> (n > 31u ? 31u : n); }
DEVICE int abs_i32(int a) { return a < 0 ? (int)(0u - (unsigned)a) : a; }
`
