/** The inverse trigonometric functions. Coefficients: minimax in relative error, rounded to float32 one by one. */
import { floatLiteral } from './types.ts'
import { type Functions, NOT_A_NUMBER, oneByOne, polynomial } from './template.ts'

/** (asin x / x - 1) / x^2 in x^2 for |x| <= 1/2, to 4.9e-9. */
const ASIN = [0.166667521, 0.0749530941, 0.0454691499, 0.0241847783, 0.0421583056]
/** (atan t / t - 1) / t^2 in t^2 for |t| <= tan(pi/8), to 7e-10. */
const ATAN = [-0.333333164, 0.199985266, -0.142443419, 0.105986796, -0.0608854666]

/** pi, pi/2 and pi/4, and what float32 leaves of them. */
const PI = floatLiteral(Math.PI),
  PI_REST = floatLiteral(Math.PI - Math.fround(Math.PI)),
  HALF_PI = floatLiteral(Math.PI / 2),
  HALF_PI_REST = floatLiteral(Math.PI / 2 - Math.fround(Math.PI / 2)),
  QUARTER_PI = floatLiteral(Math.PI / 4),
  QUARTER_PI_REST = floatLiteral(Math.PI / 4 - Math.fround(Math.PI / 4))

/**
 * For |x| > 1/2: asin |x| = pi/2 - 2 asin s with s = sqrt((1 - |x|) / 2) = h + c, where h has 12 bits and c is what the exact square of h
 * leaves: the error of the device's square root does not count. `q` is asin s / s - 1.
 */
const half = `
  $F a = abs(x);
  $B wide = $gt(a, $F(0.5));
  $F z = $pick(wide, 0.5 * (1.0 - a), a * a);
  $F s = sqrt(z);
  $F h = $head(s);
  $F c = (z - h * h) / max(s + h, 1e-30);
  $F q = z * ${polynomial('z', ASIN)};`

export const inverse: Functions = oneByOne({
  asin: `
$F $asin($F x) {${half}
  $F high = ${QUARTER_PI} - 2.0 * h;
  $F large = ${QUARTER_PI} - (2.0 * s * q - (${HALF_PI_REST} - 2.0 * c) - high);
  $F y = $pick(wide, $copySign(large, x), x + x * q);
  return $unlessSelf(x, 0x39800000u, $pick($gt(a, $F(1.0)), $F(${NOT_A_NUMBER}), y));
}`,
  acos: `
$F $acos($F x) {${half}
  $F near = ${HALF_PI} - (x - (${HALF_PI_REST} - x * q));
  $F above = 2.0 * (h + (q * s + c));
  $F below = ${PI} - 2.0 * (h + ((q * s + c) - ${HALF_PI_REST}));
  $F y = $pick(wide, $pick($gt(x, $F(0.0)), above, below), near);
  return $pick($le(a, $F(1.0)), y, $F(${NOT_A_NUMBER}));
}`,
  /** atan(small / large) for 0 <= small <= large, above tan(pi/8) as pi/4 + atan((small - large) / (small + large)). */
  arc: `
$F $arc($F small, $F large) {
  $B wide = $gt(small, large * ${floatLiteral(Math.SQRT2 - 1)});
  $F t = $pick(wide, small - large, small) / $pick(wide, small + large, large);
  $F z = t * t;
  $F tail = t * (z * ${polynomial('z', ATAN)});
  return $pick(wide, ${QUARTER_PI} + (t + (tail + ${QUARTER_PI_REST})), t + tail);
}`,
  atan: `
$F $atan($F x) {
  $F a = abs(x);
  $B over = $gt(a, $F(1.0));
  $F y = $arc($pick(over, $F(1.0), a), $pick(over, min(a, 1e30), $F(1.0)));
  return $unlessSelf(x, 0x39800000u, $copySign($pick(over, ${HALF_PI} - (y - ${HALF_PI_REST}), y), x));
}`,
  /** The angle of the point (x, y). Magnitudes are scaled by 2^-2 or 2^24, so that neither their sum overflows nor their quotient is lost. */
  atan2: `
$F $atan2($F y, $F x) {
  $F ax = $finiteSize(x), ay = $finiteSize(y);
  $B steep = $gt(abs(y), abs(x));
  $F large = $pick(steep, ay, ax);
  $F factor = $pick($gt(large, $F(1e37)), $F(0.25), $pick($lt(large, $F(1e-20)), $F(16777216.0), $F(1.0)));
  $F divisor = $pick($eq(large, $F(0.0)), $F(1.0), large * factor);
  $F small = $pick($differ($isFinite(x), $isFinite(y)), $F(0.0), $pick(steep, ax, ay));
  $F r = $arc(small * factor, divisor);
  r = $pick(steep, ${HALF_PI} - (r - ${HALF_PI_REST}), r);
  r = $pick($lt($copySign($F(1.0), x), $F(0.0)), ${PI} - (r - ${PI_REST}), r);
  return $pick($isNan(x), x, $pick($isNan(y), y, $copySign(r, y)));
}`,
})
