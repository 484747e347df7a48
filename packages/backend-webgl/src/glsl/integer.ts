/** Integers where GLSL leaves the result open: division by 0, the quotient 2^31, shifts by 32 or more, conversions out of range. */
import type { Functions } from './template.ts'

export const integer: Functions = {
  /** Truncates; -1 for a division by 0; INT_MIN / -1 wraps. */
  divideInt: `
$I $divideInt($I a, $I b) {
  $B zero = $eq(b, $I(0)), minusOne = $eq(b, $I(-1));
  $I q = a / $choose($either(zero, minusOne), $I(1), b);
  return $choose(zero, $I(-1), $choose(minusOne, -a, q));
}`,
  divideUint: `
$U $divideUint($U a, $U b) {
  $B zero = $eq(b, $U(0u));
  return $choose(zero, $U(0xffffffffu), a / $choose(zero, $U(1u), b));
}`,
  /** The operator % is undefined for negative operands. */
  remainderInt: `
$I $remainderInt($I a, $I b) {
  $B zero = $eq(b, $I(0)), minusOne = $eq(b, $I(-1));
  $I d = $choose($either(zero, minusOne), $I(1), b);
  return $choose(zero, a, a - d * (a / d));
}`,
  remainderUint: `
$U $remainderUint($U a, $U b) {
  $B zero = $eq(b, $U(0u));
  $U d = $choose(zero, $U(1u), b);
  return $choose(zero, a, a - d * (a / d));
}`,
  shiftLeft: '$U $shiftLeft($U a, $U n) { return $choose($gt(n, $U(31u)), $U(0u), a << (n & 31u)); }',
  shiftRight: '$U $shiftRight($U a, $U n) { return $choose($gt(n, $U(31u)), $U(0u), a >> (n & 31u)); }',
  shiftSigned: '$I $shiftSigned($I a, $U n) { return a >> min(n, $U(31u)); }',
  absInt: '$I $absInt($I a) { return $choose($lt(a, $I(0)), -a, a); }',
  /** Truncates and saturates; NaN gives 0. */
  floatToInt: `
$I $floatToInt($F x) {
  $I inside = $I($pick($lt(abs(x), $F(2147483648.0)), x, $F(0.0)));
  $I large = $choose($ge(x, $F(2147483648.0)), $I(2147483647), inside);
  return $choose($le(x, $F(-2147483648.0)), $I(0x80000000u), large);
}`,
  /** The half above 2^31 by way of a smaller number: some devices convert through int. */
  floatToUint: `
$U $floatToUint($F x) {
  $B upper = $ge(x, $F(2147483648.0));
  $F rest = $pick(upper, x - 2147483648.0, x);
  $U inside = $U($I($pick($both($gt(rest, $F(0.0)), $lt(rest, $F(2147483648.0))), rest, $F(0.0))));
  return $choose($ge(x, $F(4294967296.0)), $U(0xffffffffu), inside + $choose(upper, $U(0x80000000u), $U(0u)));
}`,
  floatToBool: '$B $floatToBool($F x) { return $ne(floatBitsToUint(x) & 0x7fffffffu, $U(0u)); }',
}
