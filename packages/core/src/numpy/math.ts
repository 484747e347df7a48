/** Elementwise functions that are composed of others. */
import { logicalOr } from './logic.ts'
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { promoteElementwise, toFloat } from '../primitives/cast.ts'
import { equal, isnan } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
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
/** sqrt(x^2 + y^2) without overflow of the squares; an infinity beside NaN is infinite, as in IEEE 754. NumPy: `hypot`. */
export function hypot(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('hypot', toFloat('hypot', x), toFloat('hypot', y)).map(abs) as [Tensor, Tensor]
  const large = where(logicalOr(equal(a, Infinity), equal(b, Infinity)), Infinity, maximum(a, b)),
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

interface Diff {
  /** Default: the last. */
  readonly axis?: number
  /** How many times. Default 1. */
  readonly n?: number
  /** What stands before and behind x along the axis: tensors, or numbers for one element. */
  readonly prepend?: TensorLike
  readonly append?: TensorLike
}

/** Differences of neighbours along an axis. NumPy: `diff`. */
export function diff(x: TensorLike, options: Diff = {}): Tensor {
  const { axis = -1, n = 1, prepend, append } = checkOptions('diff', options, 'axis', 'n', 'prepend', 'append')
  const middle = toTensor(x, 'diff'),
    k = normalizeAxis('diff', axis, middle.ndim)
  /** A tensor, or one element for all lines along the axis. */
  const edge = (v: TensorLike | undefined): readonly TensorLike[] => {
    if (v === undefined) return []
    const e = toTensor(v, 'diff')
    return [e.ndim === 0 ? broadcastTo(e, middle.shape.with(k, 1)) : e]
  }
  const edges = [edge(prepend), edge(append)] as const
  let t = edges.flat().length === 0 ? middle : concatenate([...edges[0], middle, ...edges[1]], { axis: k })
  if (!Number.isInteger(n) || n < 0) fail('ValueError', `diff: n must be a non-negative integer, got ${n}.`)
  for (let i = 0; i < n; i++) t = subtract(sliceAxis(t, 1, undefined, { axis }), sliceAxis(t, 0, -1, { axis }))
  return t
}
