/** Elementwise functions that are composed of others. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { promoteElementwise, toFloat } from '../primitives/cast.ts'
import { equal, isnan } from '../primitives/comparison.ts'
import { log, power, sqrt, square } from '../primitives/exponential.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { sin } from '../primitives/trigonometric.ts'
import { abs, add, divide, maximum, minimum, multiply, subtract } from '../primitives/arithmetic.ts'
import { normalizeAxis } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { limitsOf } from './dtypes.ts'

/** 2 to the power x. NumPy: `exp2`. */
export function exp2(x: TensorLike): Tensor {
  return power(2, toFloat('exp2', x))
}
/** Logarithm to base 2. NumPy: `log2`. */
export function log2(x: TensorLike): Tensor {
  return divide(log(toFloat('log2', x)), Math.LN2)
}
/** Logarithm to base 10. NumPy: `log10`. */
export function log10(x: TensorLike): Tensor {
  return divide(log(toFloat('log10', x)), Math.LN10)
}
/** sqrt(x^2 + y^2) without overflow of the squares. NumPy: `hypot`. */
export function hypot(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('hypot', toFloat('hypot', x), toFloat('hypot', y)).map(abs) as [Tensor, Tensor]
  const large = maximum(a, b),
    small = minimum(a, b)
  const scale = where(equal(large, 0), 1, large)
  const ratio = where(equal(large, Infinity), 0, divide(small, scale))
  return multiply(large, sqrt(add(1, square(ratio))))
}
/** Degrees to radians. NumPy: `deg2rad`. */
export function deg2rad(x: TensorLike): Tensor {
  return multiply(toFloat('deg2rad', x), Math.PI / 180)
}
/** Radians to degrees. NumPy: `rad2deg`. */
export function rad2deg(x: TensorLike): Tensor {
  return multiply(toFloat('rad2deg', x), 180 / Math.PI)
}
/** sin(pi x) / (pi x), 1 at 0. NumPy: `sinc`. */
export function sinc(x: TensorLike): Tensor {
  const t = multiply(toFloat('sinc', x), Math.PI)
  const isZero = equal(t, 0),
    safe = where(isZero, 1, t)
  // Near 0 the series keeps the derivatives: sin(t) / t = 1 - t^2 / 6 + ...
  return where(isZero, subtract(1, divide(square(t), 6)), divide(sin(safe), safe))
}

export interface NanToNum {
  /** Default 0. */
  readonly nan?: TensorLike
  /** For Infinity. Default: the largest finite value. */
  readonly posinf?: TensorLike
  /** For -Infinity. Default: the smallest finite value. */
  readonly neginf?: TensorLike
}

/** NaN and infinities replaced by numbers. NumPy: `nan_to_num`. */
export function nanToNum(x: TensorLike, options: NanToNum = {}): Tensor {
  const { nan = 0, posinf, neginf } = checkOptions('nanToNum', options, 'nan', 'posinf', 'neginf')
  const t = toTensor(x, 'nanToNum')
  if (!isFloat(t.dtype)) return t
  const largest = limitsOf('nanToNum', t.dtype).max
  const finite = where(equal(t, Infinity), posinf ?? largest, where(equal(t, -Infinity), neginf ?? -largest, t))
  return where(isnan(t), nan, finite)
}

/** Differences of neighbours along an axis (default: the last), `n` times (default 1). NumPy: `diff`. */
export function diff(x: TensorLike, options: { readonly axis?: number; readonly n?: number } = {}): Tensor {
  const { axis = -1, n = 1 } = checkOptions('diff', options, 'axis', 'n')
  let t = toTensor(x, 'diff')
  normalizeAxis('diff', axis, t.ndim)
  if (!Number.isInteger(n) || n < 0) fail('ValueError', `diff: n must be a non-negative integer, got ${n}.`)
  for (let i = 0; i < n; i++) t = subtract(sliceAxis(t, 1, undefined, { axis }), sliceAxis(t, 0, -1, { axis }))
  return t
}
