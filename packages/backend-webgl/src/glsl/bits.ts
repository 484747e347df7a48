/**
 * Comparisons and selections for one lane and four, and what works on the bits of floats.
 *
 * Drivers treat floats as real numbers: (x + a) - a becomes x, x - x becomes 0. `opaque` hides a value from them, and so do masks of bits; every
 * difference here whose rounding matters goes through one.
 */
import { type Functions, NOT_A_NUMBER } from './template.ts'
import { floatLiteral } from './types.ts'

const comparison = (name: string, operator: string, builtin: string): Functions => ({
  [name]: lanes => (lanes === 1 ? `#define ${name}_1(a, b) ((a) ${operator} (b))` : `#define ${name}_4(a, b) ${builtin}(a, b)`),
})

const logical = (name: string, operator: string): Functions => ({
  [name]: lanes =>
    lanes === 1
      ? `#define ${name}_1(a, b) ((a) ${operator} (b))`
      : `bvec4 ${name}_4(bvec4 a, bvec4 b) { return bvec4(${['x', 'y', 'z', 'w'].map(l => `a.${l} ${operator} b.${l}`).join(', ')}); }`,
})

/** `choose(c, a, b)`: c ? a : b in each lane, of any type. `mix` of booleans is for floats alone in GLSL ES 3.00. */
const chooseFour = `
#define choose_4(c, a, b) chosen(a, b, c)
vec4 chosen(vec4 a, vec4 b, bvec4 c) { return mix(b, a, c); }
ivec4 chosen(ivec4 a, ivec4 b, bvec4 c) { ivec4 m = -ivec4(c); return (a & m) | (b & ~m); }
uvec4 chosen(uvec4 a, uvec4 b, bvec4 c) { uvec4 m = uvec4(-ivec4(c)); return (a & m) | (b & ~m); }
bvec4 chosen(bvec4 a, bvec4 b, bvec4 c) { return bvec4(c.x ? a.x : b.x, c.y ? a.y : b.y, c.z ? a.z : b.z, c.w ? a.w : b.w); }`

/**
 * -0 < +0; a NaN operand is the result. Equal operands differ at most in the sign of zero, so their bits decide. In another order Mesa takes
 * the first two choices for its own maximum, which forgets NaN.
 */
const extremum = (name: string, wins: string, ofEqual: string): Functions => ({
  [name]: `
$F $${name}($F a, $F b) {
  $F same = uintBitsToFloat(floatBitsToUint(a) ${ofEqual} floatBitsToUint(b));
  return $pick($isNan(a), a, $pick($${wins}(a, b), a, $pick($eq(a, b), same, b)));
}`,
})

export const bits: Functions = {
  ...comparison('lt', '<', 'lessThan'),
  ...comparison('le', '<=', 'lessThanEqual'),
  ...comparison('gt', '>', 'greaterThan'),
  ...comparison('ge', '>=', 'greaterThanEqual'),
  ...comparison('eq', '==', 'equal'),
  ...comparison('ne', '!=', 'notEqual'),
  ...logical('both', '&&'),
  ...logical('either', '||'),
  ...logical('differ', '!='),
  opposite: lanes => `#define opposite_${lanes}(a) ${lanes === 1 ? '(!(a))' : 'not(a)'}`,
  /** Of floats. */
  pick: lanes => `#define pick_${lanes}(c, a, b) mix(b, a, c)`,
  choose: lanes => (lanes === 1 ? '#define choose_1(c, a, b) ((c) ? (a) : (b))' : chooseFour),
  /** An addition, since drivers know that two exclusive ors cancel. */
  opaque: '$F $opaque($F x) { return uintBitsToFloat(floatBitsToUint(x) + uZero); }',
  isNan: '$B $isNan($F x) { return $gt(floatBitsToInt(x) & 0x7fffffff, $I(0x7f800000)); }',
  isFinite: '$B $isFinite($F x) { return $lt(floatBitsToInt(x) & 0x7fffffff, $I(0x7f800000)); }',
  /** The bits of the nearest float16. Below its normal numbers as an integer, in units of 2^-24. */
  toFloat16: `
$U $toFloat16($F x) {
  $U u = floatBitsToUint(x) & 0x7fffffffu;
  $U normal = min((u - 0x37fff001u + ((u >> 13) & 1u)) >> 13, $U(0x7c00u));
  $U subnormal = $U(roundEven(uintBitsToFloat(min(u, $U(0x38800000u))) * 16777216.0));
  $U size = $choose($isNan(x), $U(0x7e00u), $choose($lt(u, $U(0x38800000u)), subnormal, normal));
  return size | ((floatBitsToUint(x) >> 16) & 0x8000u);
}`,
  /** The float of a float16's bits. Their first bits are the exponent, the greatest of which is that of infinities and NaN. */
  ofFloat16: `
$F $ofFloat16($U h) {
  $U size = h & 0x7fffu;
  $U normal = (size << 13) + $choose($lt(size, $U(0x7c00u)), $U(0x38000000u), $U(0x70000000u));
  $F value = $pick($lt(size, $U(0x400u)), $F(size) * ${floatLiteral(2 ** -24)}, uintBitsToFloat(normal));
  return uintBitsToFloat(floatBitsToUint(value) | ((h & 0x8000u) << 16));
}`,
  roundFloat16: '$F $roundFloat16($F x) { return $ofFloat16($toFloat16(x)); }',
  /** The bits of a float whose upper half is the nearest bfloat16; the lower half is any. */
  roundedBfloat16: `
$U $roundedBfloat16($F x) {
  $U u = floatBitsToUint(x);
  return $choose($isNan(x), $U(0x7fc00000u), u + 0x7fffu + ((u >> 16) & 1u));
}`,
  roundBfloat16: '$F $roundBfloat16($F x) { return uintBitsToFloat($roundedBfloat16(x) & 0xffff0000u); }',
  /** Magnitude of a, sign of b. */
  copySign: `
$F $copySign($F a, $F b) {
  return uintBitsToFloat((floatBitsToUint(a) & 0x7fffffffu) | (floatBitsToUint(b) & 0x80000000u));
}`,
  /**
   * x where that is the function's value: where |x| has smaller bits than `limit`, and for NaN; else y. Keeps -0, and subnormals also where
   * the device takes them for zeros.
   */
  unlessSelf: `
$F $unlessSelf($F x, uint limit, $F y) {
  return $pick($gt((floatBitsToUint(x) & 0x7fffffffu) - limit, $U(0x7f800000u - limit)), x, y);
}`,
  /** |x|, or the largest number for infinity. */
  finiteSize: '$F $finiteSize($F x) { return uintBitsToFloat(min(floatBitsToUint(x) & 0x7fffffffu, $U(0x7f7fffffu))); }',
  /** The leading 12 bits of the significand: products of two such numbers are exact. */
  head: '$F $head($F x) { return uintBitsToFloat(floatBitsToUint(x) & 0xfffff000u); }',
  /** 2^n for -126 <= n <= 127. */
  powerOfTwo: '$F $powerOfTwo($I n) { return intBitsToFloat((n + 127) << 23); }',
  /** x 2^n in two steps, for |n| <= 252. */
  scale: `
$F $scale($F x, $I n) {
  $I first = n >> 1;
  return $opaque(x * $powerOfTwo(first)) * $powerOfTwo(n - first);
}`,
  /** Unsigned integers in the order of the floats, -0 before +0; with `flip` of ones in the opposite order. NaN is last in both. */
  floatOrder: `
$U $floatOrder($F x, uint flip) {
  $U u = floatBitsToUint(x);
  $U order = $choose($ge(u, $U(0x80000000u)), ~u, u | 0x80000000u) ^ flip;
  return $choose($isNan(x), $U(0xffffffffu), order);
}`,
  /** The float of an `order`; `key` is that with `flip`. */
  floatOf: `
$F $floatOf($U order, $U key) {
  $F x = uintBitsToFloat($choose($ge(order, $U(0x80000000u)), order ^ 0x80000000u, ~order));
  return $pick($eq(key, $U(0xffffffffu)), $F(${NOT_A_NUMBER}), x);
}`,
  /** The same with -0 equal to +0, for sorting. */
  floatKey: `
$U $floatKey($F x) {
  $B zero = $eq(floatBitsToUint(x) & 0x7fffffffu, $U(0u));
  return $choose(zero, $U(0x80000000u), $floatOrder(x, 0u));
}`,
  ...extremum('maximum', 'gt', '&'),
  ...extremum('minimum', 'lt', '|'),
  /** Negative numbers give NaN on every device; zeros and NaN themselves. */
  squareRoot: `
$F $squareRoot($F x) { return $unlessSelf(x, 1u, $pick($lt(x, $F(0.0)), $F(${NOT_A_NUMBER}), sqrt(x))); }`,
  /** By bits: of what cannot be negative Mesa makes `x > 0` to `x != 0`, which NaN is. */
  sign: `
$F $sign($F x) { return $unlessSelf(x, 1u, uintBitsToFloat((floatBitsToUint(x) & 0x80000000u) | 0x3f800000u)); }`,
}
