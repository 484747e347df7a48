/** The power and the error function. Coefficients: minimax, rounded to float32 one by one. */
import { floatLiteral } from './types.ts'
import { type Functions, INFINITY, NOT_A_NUMBER, oneByOne, polynomial } from './template.ts'

/** erf x / x - 1 in x^2 for |x| <= 1, to 1.5e-9. */
const ERF = [0.128379166, -0.37612626, 0.112835787, -0.0268533472, 0.0051871622, -0.00079978531, 7.80690389e-5]
/** log erfc x for 1 <= x <= 4, for the error function to 1.1e-9. */
const LOG_ERFC = [-0.000353718788, -1.12704003, -0.638225734, -0.103037253, 0.0218052175, -0.00293956767, 0.000185568279]

/** log2((1 + s) / (1 - s)) = s (2 / ln 2 + s^2 P(s^2)) for |s| <= 0.1716, to 1.2e-11. */
const LOG2 = [0.961796701, 0.577078819, 0.411927223, 0.336492002]
/** 2 / ln 2 in two parts: the first has 12 bits. */
const LOG2_HIGH = 2.884765625,
  LOG2_LOW = 0.000624456777926815
/** (2^r - 1) / r on |r| <= 1/2, to 3e-9. */
const EXP2 = [0.693147182, 0.240226477, 0.0555035993, 0.00961850677, 0.00133908144, 0.000153260364]

export const special: Functions = oneByOne({
  erf: `
$F $erf($F x) {
  $F a = min(abs(x), 4.0);
  $F z = a * a;
  $F small = x * (1.0 + ${polynomial('z', ERF)});
  $F large = $copySign(1.0 - $expScaled(${polynomial('a', LOG_ERFC)}, 0), x);
  return $unlessSelf(x, 1u, $pick($lt(a, $F(1.0)), small, large));
}`,
  /**
   * log2 of 2^extra u, for the bits u of a normal positive float, as high + low. u = 2^e m, s = (m - 1) / (m + 1) in two parts, the first of 12 bits:
   * the second from the exact remainder of the division, so that the device's rounding of quotients does not count.
   */
  log2InTwo: `
void $log2InTwo($U u, $F extra, out $F high, out $F low) {
  $I e = $I(u - 0x3f3504f3u) >> 23;
  $F m = uintBitsToFloat(u - $U(e << 23));
  $F f = m - 1.0, d = $opaque(m + 1.0);
  $F dHigh = $head(d), dLow = (d - dHigh) + (m - $opaque(d - 1.0));
  $F sHigh = $head(f / d);
  $F sLow = ($opaque(f - sHigh * dHigh) - sHigh * dLow) / d;
  $F s = sHigh + sLow, z = s * s;
  $F first = sHigh * ${floatLiteral(LOG2_HIGH)};
  $F rest = sLow * ${floatLiteral(LOG2_HIGH)} + s * (z * ${polynomial('z', LOG2)} + ${floatLiteral(LOG2_LOW)});
  $F n = $F(e) + extra;
  high = $opaque(n + first);
  low = (first - $opaque(high - n)) + rest;
}`,
  /** |x|^y = 2^(y log2 |x|). Signs and exceptions: IEEE 754-2019, section 9.2.1. */
  pow: `
$F $pow($F x, $F y) {
  $U ux = floatBitsToUint(x) & 0x7fffffffu;
  $B tiny = $lt(ux, $U(0x00800000u));
  $F high, low;
  $log2InTwo($choose(tiny, floatBitsToUint($F(ux)), ux), $pick(tiny, $F(-149.0), $F(0.0)), high, low);
  $F first = $head(high);
  $F yHigh = $head(y);
  $F p = yHigh * first;
  $F rest = (y - yHigh) * first + y * ((high - first) + low);
  $F n = floor(clamp(p + rest, -160.0, 160.0) + 0.5);
  $F r = clamp($opaque(p - n) + rest, -0.6, 0.6);
  $F size = $scale(1.0 + r * ${polynomial('r', EXP2)}, $I(n));
  return $powSpecial(x, y, ux, size);
}`,
  powSpecial: `
$F $powSpecial($F x, $F y, $U ux, $F size) {
  $U uy = floatBitsToUint(y) & 0x7fffffffu;
  $B extreme = $either($either($eq(ux, $U(0u)), $eq(ux, $U(0x7f800000u))), $eq(uy, $U(0x7f800000u)));
  $B grows = $differ($gt(ux, $U(0x3f800000u)), $lt(y, $F(0.0)));
  size = $pick(extreme, $pick(grows, $F(${INFINITY}), $F(0.0)), size);
  $B whole = $eq(floor(y), y);
  $F halved = 0.5 * y;
  $B odd = $both($both(whole, $ne(floor(halved), halved)), $lt(uy, $U(0x4b800000u)));
  $B negative = $ge(floatBitsToUint(x), $U(0x80000000u));
  $F signed = $pick($both(negative, odd), -size, size);
  $B invalid = $both($both(negative, $opposite(whole)), $both($gt(ux, $U(0u)), $lt(ux, $U(0x7f800000u))));
  $F z = $pick(invalid, $F(${NOT_A_NUMBER}), signed);
  z = $pick($isNan(y), y, $pick($isNan(x), x, z));
  $B one = $either($eq(uy, $U(0u)), $eq(x, $F(1.0)));
  return $pick($either(one, $both($eq(x, $F(-1.0)), $eq(uy, $U(0x7f800000u)))), $F(1.0), z);
}`,
})
