/** The parts of floating point numbers: signs, exponents, fractions, neighbours; and functions that tell NaN and signed zeros apart. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { abs, add, divide, floorDivide, maximum, minimum, multiply, negative, remainder, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd, bitwiseOr } from '../primitives/bitwise.ts'
import { astype, promoteElementwise, promoteFloats, scalarOf, toFloat } from '../primitives/cast.ts'
import { clip } from '../primitives/clamp.ts'
import { equal, greater, isinf, isnan, less } from '../primitives/comparison.ts'
import { logaddexp } from '../primitives/exponential.ts'
import { exponent, scaleByPower } from '../primitives/exponent.ts'
import { toIndices } from '../primitives/gather.ts'
import { round, trunc } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { constantOf } from '../primitives/stopGradient.ts'
import { customJvp } from '../transforms/custom.ts'
import { broadcastShapes } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { limitsOf } from './dtypes.ts'

// ---- signs

/** Is the sign negative? True for -0; false for NaN, whatever its bits. NumPy: `signbit`. */
export function signbit(x: TensorLike): Tensor {
  const t = toTensor(x, 'signbit')
  if (!isFloat(t.dtype)) return less(t.dtype === 'bool' ? astype(t, 'int32') : t, 0)
  // The reciprocal of -0 is -Infinity.
  return bitwiseOr(less(t, 0), bitwiseAnd(equal(t, 0), less(divide(1, t), 0)))
}
/** |x| with the sign of y, which may be a zero's. NumPy: `copysign`. */
export function copysign(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('copysign', ...promoteFloats('copysign', x, y)),
    size = abs(a)
  return where(signbit(b), negative(size), size)
}
/** Is it -Infinity? NumPy: `isneginf`. */
export function isneginf(x: TensorLike): Tensor {
  return equal(toFloat('isneginf', x), -Infinity)
}
/** Is it Infinity? NumPy: `isposinf`. */
export function isposinf(x: TensorLike): Tensor {
  return equal(toFloat('isposinf', x), Infinity)
}
/** 0 below zero, 1 above it, and `h` at zero; NaN stays. The derivative by x is zero. NumPy: `heaviside`. */
export function heaviside(x: TensorLike, h: TensorLike): Tensor {
  const [a, b] = promoteElementwise('heaviside', ...promoteFloats('heaviside', x, h)),
    at = constantOf(a)
  return where(isnan(at), at, where(equal(at, 0), b, astype(greater(at, 0), a.dtype)))
}

// ---- the number of two, where one may be NaN

const ofNumbers = (caller: string, x: TensorLike, y: TensorLike, choose: (x: Tensor, y: Tensor) => Tensor): Tensor => {
  const [a, b] = promoteElementwise(caller, x, y)
  return choose(where(isnan(a), b, a), where(isnan(b), a, b))
}
/** The larger one; the other one where one is NaN. NumPy: `fmax`. */
export function fmax(x: TensorLike, y: TensorLike): Tensor {
  return ofNumbers('fmax', x, y, maximum)
}
/** The smaller one; the other one where one is NaN. NumPy: `fmin`. */
export function fmin(x: TensorLike, y: TensorLike): Tensor {
  return ofNumbers('fmin', x, y, minimum)
}
/** log2(2^x + 2^y) without overflow. NumPy: `logaddexp2`. */
export function logaddexp2(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('logaddexp2', ...promoteFloats('logaddexp2', x, y))
  return divide(logaddexp(multiply(a, Math.LN2), multiply(b, Math.LN2)), Math.LN2)
}

// ---- whole parts

/** The nearest integer, halves to even, as a float also of integers. NumPy: `rint`. */
export function rint(x: TensorLike): Tensor {
  return round(toFloat('rint', x))
}
/** `[floorDivide(x, y), remainder(x, y)]`. NumPy: `divmod`. */
export function divmod(x: TensorLike, y: TensorLike): readonly [quotient: Tensor, remainder: Tensor] {
  const [a, b] = promoteElementwise('divmod', x, y)
  return [floorDivide(a, b), remainder(a, b)]
}
/** The fraction and the whole part, both with the sign of x: `[x - trunc(x), trunc(x)]`. NumPy: `modf`. */
export function modf(x: TensorLike): readonly [fraction: Tensor, whole: Tensor] {
  const t = toFloat('modf', x),
    whole = trunc(t)
  const from = where(isinf(t), scalarOf(0, t.dtype), t),
    to = where(isinf(t), scalarOf(0, t.dtype), whole)
  // -(0 - 0) is -0: the zero of a negative number without a fraction.
  return [where(signbit(t), negative(subtract(to, from)), subtract(from, to)), whole]
}

// ---- exponents

/** `[m, e]` with x = m 2^e and 1/2 <= |m| < 1, e of dtype int32; `[x, 0]` for 0, NaN and infinities. The derivative of m is 2^-e. NumPy: `frexp`. */
export function frexp(x: TensorLike): readonly [mantissa: Tensor, exponent: Tensor] {
  const t = toFloat('frexp', x),
    e = exponent(constantOf(t))
  return [scaleByPower(t, negative(e)), astype(e, 'int32')]
}
/** x 2^n for integers n, rounded once. NumPy: `ldexp`. */
export function ldexp(x: TensorLike, n: TensorLike): Tensor {
  const t = toFloat('ldexp', x),
    shift = toIndices('ldexp', n)
  broadcastShapes('ldexp', t.shape, shift.shape)
  // Further steps lead from any number to zero or infinity anyway.
  const most = t.dtype === 'float64' ? 2200 : 300
  return scaleByPower(t, clip(shift, -most, most))
}

/** The next float after x on the way to y; y where they are equal. The derivative by x is one, by y zero. NumPy: `nextafter`. */
export function nextafter(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('nextafter', ...promoteFloats('nextafter', x, y))
  const { nmant, minexp, max } = limitsOf('nextafter', a.dtype),
    least = minexp - nmant
  const from = constantOf(a),
    to = constantOf(b),
    isUp = greater(to, from),
    isZero = equal(from, 0)
  const e = exponent(from),
    grows = equal(isUp, greater(from, 0))
  // Towards zero a power of two has its neighbour at half the distance.
  const isPower = equal(abs(scaleByPower(from, negative(e))), 0.5)
  const distance = subtract(e, where(bitwiseAnd(isPower, equal(grows, false)), nmant + 2, nmant + 1))
  const one = scalarOf(1, a.dtype),
    step = scaleByPower(one, where(isZero, least, maximum(distance, least)))
  const size = abs(a),
    moved = where(grows, add(size, step), subtract(size, step))
  const finite = where(isinf(a), where(grows, Infinity, max), where(isZero, step, moved))
  const isNegative = where(isZero, equal(isUp, false), less(from, 0))
  const result = where(isNegative, negative(finite), finite)
  return where(isnan(to), to, where(equal(from, to), where(isZero, to, a), where(isnan(a), a, result)))
}

/**
 * x rounded, half to even, to a float of so many bits for the exponent and the mantissa (its leading one not counted): beyond the range infinite, below the
 * normal numbers zero. The derivative is the identity. JAX: `lax.reduce_precision`.
 *
 * @example lax.reducePrecision(x, 8, 7) // what a bfloat16 holds
 */
export function reducePrecision(x: TensorLike, exponentBits: number, mantissaBits: number): Tensor {
  const t = toFloat('reducePrecision', x)
  if (!(Number.isInteger(exponentBits) && exponentBits >= 1 && Number.isInteger(mantissaBits) && mantissaBits >= 0))
    fail(
      'ValueError',
      `reducePrecision: needs at least 1 bit for the exponent and 0 for the mantissa, got ${exponentBits} and ${mantissaBits}.`,
    )
  const { minexp, nexp } = limitsOf('reducePrecision', t.dtype)
  const rounded = (u: Tensor): Tensor => {
    const last = subtract(maximum(exponent(u), minexp + 1), mantissaBits + 1)
    const r = where(isinf(u), u, scaleByPower(round(scaleByPower(u, negative(last))), last))
    if (exponentBits >= nexp) return r
    const largest = 2 ** (exponentBits - 1),
      e = exponent(r)
    const limited = where(less(e, 3 - largest), copysign(0, r), r)
    return where(greater(e, largest), copysign(Infinity, r), limited)
  }
  return customJvp(rounded, ([u], [d]) => [rounded(u), d])(t)
}
