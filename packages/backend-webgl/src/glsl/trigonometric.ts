/** Sine, cosine, tangent. x = n pi/2 + r with r in two parts. Coefficients: minimax, rounded to float32 one by one. */
import { floatLiteral } from './types.ts'
import { type Functions, NOT_A_NUMBER, polynomial } from './template.ts'

/** (sin r / r - 1) / r^2 in r^2, for the sine to 4e-9, and (cos r - 1 + r^2 / 2) / r^4, for the cosine to 1.2e-10, for |r| <= pi/4. */
const SIN = [-0.166666552, 0.00833218824, -0.000195180983],
  COS = [0.0416666456, -0.00138873106, 2.44325511e-5]

/**
 * pi/2 in three parts of 13 bits and a rest (Cody & Waite). Products with |n| < 2^11 are exact; so are the differences x - n P0 and, below
 * 1/2, the next. All are positive.
 */
const PARTS = [1.570556640625, 0.000239670276641845703125, 1.589069142937660217285156e-8, 2.563344151594518788e-12]
const FAR = 3000

/** A word of zeros, then 2/pi in base 2^32. */
const TWO_OVER_PI = ['0u', '0xa2f9836eu', '0x4e441529u', '0xfc2757d1u', '0xf534ddc0u', '0xdb629599u', '0x3c439041u', '0xfe5163abu']
const [P0, P1, P2, P3] = PARTS.map(floatLiteral)

/** Loops, of no round in general: SwiftShader goes through both sides of every `if`. */
const farOne = `for (int left = far ? 1 : 0; left > 0; left--) { high = reduceFar_1(x, n); low = 0.0; }`
const farFour = `for (int lane = any(far) ? 3 : -1; lane >= 0; lane--) {
    int k;
    float r = reduceFar_1(x[lane], k);
    if (far[lane]) { high[lane] = r; low[lane] = 0.0; n[lane] = k; }
  }`

export const trigonometric: Functions = {
  /** The upper 32 bits of a b. */
  upperProduct: `
uint upperProduct_1(uint a, uint b) {
  uint al = a & 0xffffu, ah = a >> 16, bl = b & 0xffffu, bh = b >> 16;
  uint lh = al * bh, hl = ah * bl;
  uint middle = ((al * bl) >> 16) + (lh & 0xffffu) + (hl & 0xffffu);
  return ah * bh + (lh >> 16) + (hl >> 16) + (middle >> 16);
}`,
  /** Payne & Hanek: the 96 bits of 2/pi that matter times the significand give a turn's fraction in 64 bits. For 2^11 <= |x| < infinity. */
  reduceFar: `
float reduceFar_1(float x, out int n) {
  uint u = floatBitsToUint(x), m = (u & 0x7fffffu) | 0x800000u;
  uint skip = ((u >> 23) & 0xffu) - 120u, first = skip >> 5, shift = skip & 31u;
  const uint twoOverPi[8] = uint[8](${TWO_OVER_PI.join(', ')});
  uvec4 w = uvec4(twoOverPi[first], twoOverPi[first + 1u], twoOverPi[first + 2u], twoOverPi[first + 3u]);
  uint a = (w.x << shift) | ((w.y >> 1) >> (31u - shift));
  uint b = (w.y << shift) | ((w.z >> 1) >> (31u - shift));
  uint c = (w.z << shift) | ((w.w >> 1) >> (31u - shift));
  uint low = m * b + upperProduct_1(m, c);
  uint high = m * a + upperProduct_1(m, b) + (low < m * b ? 1u : 0u);
  uint part = (high << 2) | (low >> 30);
  n = int(high >> 30) + int(part >> 31);
  float r = (float(int(part)) + float(low << 2) * ${floatLiteral(2 ** -32)}) * ${floatLiteral((Math.PI / 2) * 2 ** -32)};
  if (x < 0.0) { n = -n; r = -r; }
  return r;
}`,
  /** Any finite x. The error of high + low is below 2^-51 up to ${FAR}. */
  reduce: lanes => `
void $reduce($F x, out $F high, out $F low, out $I n) {
  $B far = $ge(abs(x), $F(${floatLiteral(FAR)}));
  $F q = floor($pick(far, $F(0.0), x) * ${floatLiteral(2 / Math.PI)} + 0.5);
  $F a = $opaque(x - q * ${P0});
  $F b = $opaque(a - q * ${P1});
  $F t = q * ${P2};
  $F c = $opaque(b - t);
  $F rest = ($opaque(b - c) - t) - q * ${P3};
  high = $opaque(c + rest);
  low = $opaque(c - high) + rest;
  n = $I(q);
  ${lanes === 1 ? farOne : farFour}
}`,
  sinPart: `
$F $sinPart($F high, $F low) {
  $F z = high * high;
  return high + (low + high * (z * ${polynomial('z', SIN)}));
}`,
  cosPart: `
$F $cosPart($F high, $F low) {
  $F z = high * high;
  return 1.0 - (0.5 * z - (z * z * ${polynomial('z', COS)} - high * low));
}`,
  /** sin(x + shift pi/2): the sine or the cosine of r by the parity of n, negated by its second bit. NaN for infinities and NaN. */
  sine: `
$F $sine($F x, int shift) {
  $F high, low;
  $I n;
  $reduce(x, high, low, n);
  n += shift;
  $F y = $pick($eq(n & 1, $I(0)), $sinPart(high, low), $cosPart(high, low));
  return $pick($isFinite(x), uintBitsToFloat(floatBitsToUint(y) ^ ($U(n & 2) << 30)), $F(${NOT_A_NUMBER}));
}`,
  sin: '$F $sin($F x) { return $unlessSelf(x, 0x39800000u, $sine(x, 0)); }',
  cos: '$F $cos($F x) { return $sine(x, 1); }',
  tan: `
$F $tan($F x) {
  $F high, low;
  $I n;
  $reduce(x, high, low, n);
  $F s = $sinPart(high, low), c = $cosPart(high, low);
  $B even = $eq(n & 1, $I(0));
  $F y = $pick(even, s, -c) / $pick(even, c, s);
  return $unlessSelf(x, 0x39800000u, $pick($isFinite(x), y, $F(${NOT_A_NUMBER})));
}`,
}
