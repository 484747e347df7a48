/** exp and its family. x = n ln 2 + r with |r| <= ln 2 / 2. Coefficients: minimax in relative error, rounded to float32 one by one. */
import { floatLiteral } from './types.ts'
import { type Functions, oneByOne, polynomial } from './template.ts'

/** (e^r - 1 - r) / r^2 on |r| <= 0.3468, for e^r to 3.2e-9. */
const EXP = [0.49999994, 0.166665211, 0.0416682698, 0.00836868025, 0.00138204196]
/** ln 2 in two parts: n times the first is exact (16 bits). */
const LN2_HIGH = 0.693145751953125,
  LN2_LOW = 1.42860682030942e-6

/** The sum of a float and this has the nearest integer in its low bits. */
const ROUND = 1.5 * 2 ** 23

/** Declares r, n, and as the bits of t an int whose low bits are those of n, for the float c. */
const reduced = `
  $F t = $opaque(c * ${floatLiteral(Math.LOG2E)} + ${floatLiteral(ROUND)});
  $F n = t - ${floatLiteral(ROUND)};
  $F r = $opaque(c - n * ${floatLiteral(LN2_HIGH)}) - n * ${floatLiteral(LN2_LOW)};`
/** e^r - 1. */
const fraction = `(r + r * r * ${polynomial('r', EXP)})`

/** (tanh x / x - 1) / x^2 in x^2 for |x| <= 0.64, to 6e-9. */
const TANH = [-0.333332688, 0.13331072, -0.0537080131, 0.0205336232, -0.00558542274]
/** (sinh x / x - 1) / x^2 in x^2 for |x| <= 1, to 2.4e-8. */
const SINH = [0.166667163, 0.00833027251, 0.000203730364]

export const exponential: Functions = oneByOne({
  /**
   * 2^shift e^x for a shift of 0 or -1. The power of two is added to the exponent of e^r: above its range the sum becomes infinity, below it
   * something from 0 to 2^-126.
   */
  expScaled: `
$F $expScaled($F x, int shift) {
  $F c = clamp(x, ${floatLiteral(-88.25)}, 89.0 - 0.5 * float(shift));${reduced}
  $I y = floatBitsToInt(1.0 + ${fraction}) + ((floatBitsToInt(t) + shift) << 23);
  return $pick($isNan(x), x, intBitsToFloat(clamp(y, 0, 0x7f800000)));
}`,
  exp: '$F $exp($F x) { return $expScaled(x, 0); }',
  /** 2^n (e^r - 1) + (2^n - 1), halved on the way so that n = 128 is no exception. */
  expm1: `
$F $expm1($F x) {
  $F c = clamp(x, -18.0, 89.0);${reduced}
  $F p = ${fraction};
  $F s = intBitsToFloat((floatBitsToInt(t) + 126) << 23);
  $F y = 2.0 * (s * p + (s - 0.5));
  return $unlessSelf(x, 0x33000000u, $pick($eq(n, $F(0.0)), p, y));
}`,
  /** A polynomial below 1, else (e^x - e^-x) / 2. */
  sinh: `
$F $sinh($F x) {
  $F a = abs(x);
  $F z = a * a;
  $F small = x + x * (z * ${polynomial('z', SINH)});
  $F e = $expScaled(a, -1);
  $F large = $copySign(e - 0.25 / e, x);
  return $unlessSelf(x, 0x39800000u, $pick($lt(a, $F(1.0)), small, large));
}`,
  cosh: `
$F $cosh($F x) {
  $F e = $expScaled(abs(x), -1);
  return e + 0.25 / e;
}`,
  /** A polynomial below 0.64, else 1 - 2 / (e^(2|x|) + 1). */
  tanh: `
$F $tanh($F x) {
  $F a = abs(x);
  $F z = a * a;
  $F small = x + x * (z * ${polynomial('z', TANH)});
  $F large = $copySign(1.0 - 2.0 / ($expScaled(min(a, 10.0) * 2.0, 0) + 1.0), x);
  return $unlessSelf(x, 0x39800000u, $pick($lt(a, $F(0.64)), small, large));
}`,
})
