/** log and its family. x = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m - 1. Coefficients: minimax, rounded to float32 one by one. */
import { floatLiteral } from './types.ts'
import { type Functions, INFINITY, NOT_A_NUMBER, oneByOne, polynomial } from './template.ts'

/** (log(1 + f) - f + f^2 / 2) / f^3 on [-0.293, 0.4143], for the logarithm to 8e-10. */
const LOG = [0.333333135, -0.250000089, 0.20002073, -0.166679934, 0.142203137, -0.124060787, 0.118837997, -0.116713911, 0.067503266]
/** ln 2 in two parts: e times the first is exact (16 bits). */
const LN2_HIGH = 0.693145751953125,
  LN2_LOW = 1.42860682030942e-6

/** (asinh x / x - 1) / x^2 in x^2 for |x| <= 1/2, to 1.3e-9. */
const ASINH = [-0.166666433, 0.0749864057, -0.0443829522, 0.0281609204, -0.0132228713]
/** (atanh x / x - 1) / x^2 in x^2 for |x| <= 1/2, to 1.4e-9. */
const ATANH = [0.333333015, 0.200024545, 0.142237455, 0.118167616, 0.0515896492, 0.176399201]

export const logarithm: Functions = oneByOne({
  /** log(2^extra u) + correction for the bits u of a normal positive float. The correction is small beside the logarithm. */
  logOf: `
$F $logOf($U u, $F extra, $F correction) {
  $I e = $I(u - 0x3f3504f3u) >> 23;
  $F f = uintBitsToFloat(u - $U(e << 23)) - 1.0;
  $F n = $F(e) + extra;
  $F z = f * f;
  $F cubic = f * z * ${polynomial('f', LOG)};
  $F low = (cubic + (n * ${floatLiteral(LN2_LOW)} + correction)) - 0.5 * z;
  return n * ${floatLiteral(LN2_HIGH)} + $opaque(f + low);
}`,
  /** The bits of a subnormal are an integer times 2^-149. */
  log: `
$F $log($F x) {
  $U u = floatBitsToUint(x);
  $B tiny = $lt(u, $U(0x00800000u));
  $U scaled = $choose(tiny, floatBitsToUint($F(u)), u);
  $F y = $logOf(scaled, $pick(tiny, $F(-149.0), $F(0.0)), $F(0.0));
  $F invalid = $pick($ge(u, $U(0x80000000u)), $F(${NOT_A_NUMBER}), x);
  $F special = $pick($eq(u & 0x7fffffffu, $U(0u)), $F(-${INFINITY}), invalid);
  return $pick($lt(u - 1u, $U(0x7f7fffffu)), y, special);
}`,
  /** log(1 + x) = log u + (x - (u - 1)) / u with u the rounded sum. For x > -1 that is no NaN. */
  logOnePlus: `
$F $logOnePlus($F x) {
  $F u = $opaque(1.0 + x);
  $F rest = x - $opaque(u - 1.0);
  return $logOf(floatBitsToUint(u), $F(0.0), rest / u);
}`,
  log1p: `
$F $log1p($F x) {
  $F special = $pick($eq(x, $F(-1.0)), $F(-${INFINITY}), $pick($eq(x, $F(${INFINITY})), x, $F(${NOT_A_NUMBER})));
  $F y = $pick($both($gt(x, $F(-1.0)), $lt(x, $F(${INFINITY}))), $logOnePlus(x), special);
  return $unlessSelf(x, 0x33000000u, y);
}`,
  /** A polynomial below 1/2; log1p(a + a^2 / (1 + sqrt(1 + a^2))); log 2a from 4096 on. */
  asinh: `
$F $asinh($F x) {
  $F a = abs(x);
  $F z = a * a;
  $F small = x + x * (z * ${polynomial('z', ASINH)});
  $F middle = $logOnePlus(a + z / (1.0 + sqrt(1.0 + z)));
  $F large = $logOf(floatBitsToUint(a), $F(1.0), $F(0.0));
  $F y = $pick($lt(a, $F(4096.0)), middle, $pick($isFinite(x), large, a));
  return $unlessSelf(x, 0x39800000u, $pick($lt(a, $F(0.5)), small, $copySign(y, x)));
}`,
  /** log1p(t + sqrt(t (t + 2))) with t = x - 1; log 2x from 4096 on. */
  acosh: `
$F $acosh($F x) {
  $F t = x - 1.0;
  $F small = $logOnePlus(t + sqrt(t * (t + 2.0)));
  $F large = $logOf(floatBitsToUint(x), $F(1.0), $F(0.0));
  $F y = $pick($lt(x, $F(4096.0)), small, $pick($isFinite(x), large, x));
  return $pick($lt(x, $F(1.0)), $F(${NOT_A_NUMBER}), y);
}`,
  /** A polynomial below 1/2, else log1p(2a / (1 - a)) / 2. */
  atanh: `
$F $atanh($F x) {
  $F a = abs(x);
  $F z = a * a;
  $F small = x + x * (z * ${polynomial('z', ATANH)});
  $F large = $copySign(0.5 * $logOnePlus(2.0 * a / (1.0 - a)), x);
  $F edge = $pick($eq(a, $F(1.0)), $copySign($F(${INFINITY}), x), $F(${NOT_A_NUMBER}));
  return $unlessSelf(x, 0x39800000u, $pick($lt(a, $F(0.5)), small, $pick($lt(a, $F(1.0)), large, edge)));
}`,
})
